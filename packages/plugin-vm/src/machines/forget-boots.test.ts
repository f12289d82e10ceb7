import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { forgetBoots } from './forget-boots.ts';

it('only the consoles of old boots go', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nook-boots-'));
  for (const boot of [1, 2, 3, 10, 11]) writeFileSync(join(dir, `console-${boot}.log`), '');
  for (const name of ['console-2.log.1', 'vmhost.log', 'console-x.log', 'console-1.log.old'])
    writeFileSync(join(dir, name), '');
  await forgetBoots(dir, 0);
  expect(readdirSync(dir)).toHaveLength(9);
  await forgetBoots(dir, 3);
  expect(readdirSync(dir).sort()).toEqual([
    ...['console-1.log.old', 'console-10.log', 'console-11.log', 'console-x.log', 'vmhost.log'],
  ]);
  await forgetBoots(join(dir, 'missing'), 3);
  rmSync(dir, { recursive: true });
});
