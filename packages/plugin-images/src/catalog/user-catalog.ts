import { readFileSync } from 'node:fs';
import { type CatalogEntry, NookError } from '@nook/daemonapi';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { NAME } from '../store/record-store.ts';

const MAX_BYTES = 2 ** 20;

const schema = z.record(
  z.string().regex(NAME, 'must be a name of lower-case letters, digits, dots, underscores and dashes'),
  z.strictObject({
    summary: z.string().min(1).max(200).optional(),
    sources: z.array(z.string().min(1).max(4096)).min(1).max(32),
  }),
);

/**
 * The user's own catalog: in TOML, a table for each name. Read each time, so that a change counts at once.
 * @param required whether it is an error that there is no such file
 * @throws NookError `bad_request` that names the file and the line or key
 */
export function readUserCatalog(path: string, required: boolean): CatalogEntry[] {
  const text = read(path, required);
  if (text === undefined) return [];
  const parsed = schema.safeParse(parseToml(path, text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unfit(path, `${issue?.path.join('.') || 'it'}: ${issue?.message}`);
  }
  return Object.entries(parsed.data).map(([name, { summary, sources }]) => ({
    ...{ name, sources },
    summary: summary ?? `from ${sources[0]}`,
  }));
}

function read(path: string, required: boolean): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > MAX_BYTES) throw unfit(path, `it has more than ${MAX_BYTES} bytes`);
    return text;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return undefined;
    throw code === undefined ? error : unfit(path, message);
  }
}

function parseToml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw unfit(path, (error as Error).message.split('\n')[0] ?? '');
  }
}

function unfit(path: string, what: string): NookError {
  return new NookError('bad_request', `The catalog of images in ${path} cannot be used: ${what}.`, {
    hint: 'Write a table for each image: [my-image], and in it sources = ["docker.io/library/debian:12"].',
  });
}
