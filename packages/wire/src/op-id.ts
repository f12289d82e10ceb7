import { randomBytes } from './random-bytes.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 10;
const OP_ID = /^[A-Za-z0-9._-]{1,64}$/;

// One system call for some hundred ids: an id is minted for nearly every request.
const POOL_BYTES = LENGTH * 256;
let pool: Buffer = Buffer.alloc(0);
let used = 0;

/** A new op id: `op-` and ten characters (50 random bits). */
export function mintOpId(): string {
  if (used === pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  let id = 'op-';
  for (const end = used + LENGTH; used < end; used++) id += ALPHABET[(pool[used] as number) & 31];
  return id;
}

/** Whether a value may serve as an op id: 1 to 64 letters, digits, dots, underscores and dashes. */
export function isOpId(value: unknown): value is string {
  return typeof value === 'string' && OP_ID.test(value);
}
