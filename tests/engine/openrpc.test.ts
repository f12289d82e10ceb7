import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { bundledEngine } from './daemon-methods.ts';

// Both are CommonJS whose types say otherwise.
const require = createRequire(import.meta.url);
const openRpcSchema = require('@open-rpc/meta-schema').default;
const jsonSchemaSchema = require('@json-schema-tools/meta-schema').default;

const COMMITTED = new URL('../../docs/openrpc.json', import.meta.url);

async function discover() {
  await using daemon = await bundledEngine();
  return await daemon.engine.call('rpc.discover', {});
}

test('rpc.discover is valid by OpenRPC’s own schema', async () => {
  const document = await discover();
  const ajv = new Ajv({ strict: false, validateFormats: false, validateSchema: false });
  // Referred to with and without the slash.
  ajv.addSchema([jsonSchemaSchema, { ...jsonSchemaSchema, $id: 'https://meta.json-schema.tools' }]);
  const validate = ajv.compile(openRpcSchema);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  expect(validate({ ...document, methods: [{ name: 7 }] })).toBe(false);
});

test('docs/openrpc.json is what the daemon answers; NOOK_UPDATE=1 writes it', async () => {
  const text = `${JSON.stringify(await discover(), null, 2)}\n`;
  if (process.env.NOOK_UPDATE === '1') await writeFile(COMMITTED, text);
  expect(await readFile(COMMITTED, 'utf8')).toBe(text);
});

test('every method says what it does, and every one but a few what it takes and gives', async () => {
  interface Described {
    readonly name: string;
    readonly summary: string;
    readonly result: { readonly schema: object };
  }
  const methods = (await discover()).methods as readonly Described[];
  expect(methods.length).toBeGreaterThan(40);
  const silent = methods.filter(({ summary }) => !/^[A-Z].*\.$/.test(summary));
  expect(silent.map(({ name }) => name)).toEqual([]);
  const shapeless = methods.filter(({ result }) => Object.keys(result.schema).length === 0);
  expect(shapeless.map(({ name }) => name)).toEqual([]);
});
