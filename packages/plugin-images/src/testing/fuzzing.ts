import { isNookError } from '@nook/daemonapi';
import fc from 'fast-check';

/** NOOK_FUZZ_SECONDS looks for longer; it is shared by the properties of a file. */
const seconds = Number(process.env.NOOK_FUZZ_SECONDS ?? 2) / 4;

/** How long one property is looked into. */
export const effort = { numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };

/** Of the test around it, in milliseconds. */
export const FUZZ_LIMIT_MS = (seconds + 30) * 1000;

/** Whatever comes in, what is thrown is an error for the user. */
export function typed(act: () => unknown): boolean {
  try {
    act();
  } catch (error) {
    if (!isNookError(error)) throw error;
  }
  return true;
}

/** Likewise of what is waited for, over all that the arbitrary gives; the run that the end of the time interrupts is waited for, too. */
export async function assertTyped<T>(arbitrary: fc.Arbitrary<T>, act: (value: T) => Promise<unknown>): Promise<void> {
  let last: Promise<void> | undefined;
  const property = fc.asyncProperty(arbitrary, (value) => {
    last = actTyped(() => act(value));
    return last;
  });
  await fc.assert(property, effort);
  await last;
}

export async function actTyped(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isNookError(error)) throw error;
  }
}

/** Makes the headers of a changed tar whole again, or most of what was changed would be seen at once. */
export function mendChecksums(tar: Buffer): void {
  for (let at = 0; at < tar.length; at += 512) {
    const block = tar.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
    block[154] = 0;
  }
}

type Edits = readonly (readonly [at: number, byte: number])[];

/** Bytes to change among so many. */
export function changes(size: number): fc.Arbitrary<Edits> {
  return fc.array(fc.tuple(fc.nat(size - 1), fc.nat(255)), { maxLength: 12 });
}

export function mutated(good: Buffer, edits: Edits): Buffer {
  const bytes = Buffer.from(good);
  for (const [at, byte] of edits) bytes.writeUInt8(byte, at % bytes.length);
  return bytes;
}
