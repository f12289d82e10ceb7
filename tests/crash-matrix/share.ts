import { createHash } from 'node:crypto';

const { NOOK_CRASH_SHARE: asked = '1', NOOK_CRASH_SEED: seed = '' } = process.env;
const share = Number(asked);
if (!(share > 0 && share <= 1))
  throw new Error(`NOOK_CRASH_SHARE is '${asked}', which is no share: above 0, at most 1`);

/** Why the cells that are not in it are skipped. */
export const leftOut = `not in the share of ${share} of the cells that the seed '${seed}' chose`;

/** Whether a cell is run: all are, unless a share of them is asked for; another seed gives another share. */
export function isInShare(cell: string): boolean {
  const place = createHash('sha256').update(`${seed} ${cell}`).digest().readUInt32BE() / 2 ** 32;
  return place < share;
}
