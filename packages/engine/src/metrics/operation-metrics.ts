import type { OperationState, OperationView } from '@nook/daemonapi';
import { Histogram } from './histogram.ts';

interface Kind {
  readonly duration: Histogram;
  readonly ended: Map<OperationState, number>;
}

/** What is counted of operations. */
export class OperationMetrics {
  readonly kinds = new Map<string, Kind>();

  note({ method, state, elapsed_ms }: OperationView): void {
    if (state === 'running') return;
    let kind = this.kinds.get(method);
    if (kind === undefined) {
      kind = { duration: new Histogram(), ended: new Map() };
      this.kinds.set(method, kind);
    }
    kind.duration.observe(elapsed_ms / 1000);
    kind.ended.set(state, (kind.ended.get(state) ?? 0) + 1);
  }
}
