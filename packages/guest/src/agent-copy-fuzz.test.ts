import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { copyInto, put } from './copy.fixture.ts';
import { CopyRecord, encodeRecord } from './copy-record.ts';

const name = fc.constantFrom('a', 'b', 'link', '..', '.', '', 'a/b', '../victim', 'x'.repeat(255));
const target = fc.constantFrom('../../victim', '/', '..', '.', 'a', 'link');
const record = fc.oneof(
  { weight: 4, arbitrary: name.map((text) => put.directory(text)) },
  { weight: 3, arbitrary: name.map((text) => put.file(text, 'fresh')) },
  { weight: 3, arbitrary: fc.tuple(name, target).map(([text, to]) => put.symlink(text, to)) },
  { weight: 3, arbitrary: fc.constant(put.up) },
  fc.constantFrom(put.close, put.done, put.data('loose'), put.hole(4096)),
  fc
    .tuple(fc.integer({ min: 0, max: CopyRecord.FAILED + 2 }), fc.uint8Array({ maxLength: 40 }))
    .map(([kind, payload]) => encodeRecord(kind, payload)),
);

test('a random stream changes nothing beside its own place, and leaves nothing half done', {
  timeout: 60_000,
}, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'nook-copy-'));
  await using agent = await TestAgent.start();
  let copied = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 12 }), fc.boolean(), async (records, whole) => {
      const outer = join(dir, 'outer');
      mkdirSync(join(outer, 'here'), { recursive: true });
      writeFileSync(join(dir, 'victim'), 'untouched');
      const end = whole ? [put.up, put.done] : [];
      const problem = await copyInto(agent, { path: join(outer, 'here', 'd') }, put.directory(), ...records, ...end);
      expect(readdirSync(dir).sort()).toEqual(['outer', 'victim']);
      expect(readdirSync(outer)).toEqual(['here']);
      expect(readFileSync(join(dir, 'victim'), 'utf8')).toBe('untouched');
      expect(readdirSync(join(outer, 'here'))).toEqual(problem === undefined ? ['d'] : []);
      if (problem === undefined) copied++;
      await rm(outer, { recursive: true });
    }),
    { numRuns: 300, interruptAfterTimeLimit: 20_000 },
  );
  expect(copied).toBeGreaterThan(0);
  await rm(dir, { recursive: true });
});
