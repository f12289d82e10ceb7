import type { CliContext } from '@nook/daemonapi';
import { CopyRecord } from '@nook/guest';
import type { CopyRequest } from '../../contract.ts';
import { CopyChannel, endWithoutDone } from './copy-channel.ts';
import { guestFailure } from './tree-writer.ts';

/**
 * Sends records to the guest, which makes a copy of them.
 * @throws NookError what the guest says is in the way, or what `records` throws; nothing was copied then
 */
export async function copyInto(
  context: CliContext,
  vm: string,
  { request, records }: { request: CopyRequest; records: Iterable<Buffer> | AsyncIterable<Buffer> },
): Promise<void> {
  let failure: Error | undefined;
  let done = false;
  const onRecord = (kind: number, payload: Buffer) => {
    if (kind === CopyRecord.DONE) done = true;
    else if (kind === CopyRecord.FAILED) failure = guestFailure(payload);
  };
  using channel = await CopyChannel.open(context, vm, { request, onRecord });
  for await (const record of records) {
    if (!(await channel.send(record)) || failure) break;
  }
  await channel.end();
  const end = await channel.ended;
  if (failure) throw failure;
  if (!done) throw endWithoutDone(end);
}
