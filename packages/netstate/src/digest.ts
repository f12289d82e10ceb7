import { createHash } from 'node:crypto';

/** 16 hexadecimal digits that tell two values of JSON apart. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
