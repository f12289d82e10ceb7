import { createHash } from 'node:crypto';

/** The digest that stands for whatever follows from these facts alone. */
export function digestOf(...facts: readonly unknown[]): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(facts)).digest('hex')}`;
}
