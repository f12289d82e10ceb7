import type { CliContext } from '@nook/daemonapi';
import type { CopyRequest } from '../../contract.ts';
import { CopyChannel, endWithoutDone } from './copy-channel.ts';

/** What takes the records of a guest. */
export interface RecordSink extends Disposable {
  take(kind: number, payload: Buffer): void;
  /** The guest has said that this was all. */
  readonly done: boolean;
  commit(): void | Promise<void>;
}

/** Takes a copy from the guest. @throws NookError as the guest or the sink says; nothing was committed then */
export async function copyOut(
  context: CliContext,
  vm: string,
  { request, sink }: { request: CopyRequest; sink: RecordSink },
): Promise<void> {
  using writer = sink;
  const onRecord = (kind: number, payload: Buffer) => writer.take(kind, payload);
  using channel = await CopyChannel.open(context, vm, { request, onRecord });
  const end = await channel.ended;
  if (!writer.done) throw endWithoutDone(end);
  await writer.commit();
}
