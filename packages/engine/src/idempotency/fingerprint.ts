import { createHash } from 'node:crypto';

/** The same for params that say the same, in whatever order their keys came. Secrets in them cannot be read back from it. */
export function fingerprint(params: unknown): string {
  return createHash('sha256').update(JSON.stringify(params, inOrder)).digest('base64url');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
