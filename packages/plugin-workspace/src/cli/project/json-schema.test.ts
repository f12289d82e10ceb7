import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { projectJsonSchema } from './json-schema.ts';

const COMMITTED = new URL('../../../../../docs/nook.schema.json', import.meta.url);

test('docs/nook.schema.json is what nook project schema prints; NOOK_UPDATE=1 writes it', async () => {
  const text = `${JSON.stringify(projectJsonSchema(), null, 2)}\n`;
  if (process.env.NOOK_UPDATE) await writeFile(COMMITTED, text);
  expect(await readFile(COMMITTED, 'utf8')).toBe(text);
});
