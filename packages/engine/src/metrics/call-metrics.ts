import type { ErrorCode } from '@nook/daemonapi';
import { Histogram } from './histogram.ts';

/** What is counted of one method. */
export class CallMetrics {
  readonly duration = new Histogram();
  readonly errors = new Map<ErrorCode, number>();
  inFlight = 0;

  end(milliseconds: number): void {
    this.inFlight--;
    this.duration.observe(milliseconds / 1000);
  }

  failed(code: ErrorCode): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}
