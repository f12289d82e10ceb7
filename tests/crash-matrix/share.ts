import { createHash } from 'node:crypto';

const { NOOK_CRASH_SHARE: share = '1', NOOK_CRASH_SEED: seed = '' } = process.env;

/** Why the cells that are not in it are skipped. */
export const leftOut = `not in the share of ${share} of the cells that the seed '${seed}' chose`;

/** Whether a cell is run: all are, unless a share of them is asked for; another seed gives another share. */
export function isInShare(cell: string): boolean {
  const place = createHash('sha256').update(`${seed} ${cell}`).digest().readUInt32BE() / 2 ** 32;
  return place < Number(share);
}
