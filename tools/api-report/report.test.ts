import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { apiReport, REPORT } from './report.ts';

const root = join(import.meta.dirname, '../..');

test('the committed report of the contract is that of its sources; `npm run api-report` makes it anew', async () => {
  const made = await apiReport(root);
  expect(made).toContain('export interface PluginContext<');
  expect(made).toContain('export declare function registerPlugin(');
  expect(await readFile(join(root, REPORT), 'utf8')).toBe(made);
});
