import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Runs vitest with the reporter on one test file and answers its exit code and the lines from the summary on. */
function summaryOf(source: string): Promise<{ exit: number | null; lines: string[] }> {
  // Beside the packages, so that the file finds vitest.
  const dir = mkdtempSync(join(root, 'node_modules/.summary-'));
  writeFileSync(join(dir, 'a.test.js'), `import { test, expect, beforeAll, describe } from 'vitest';\n${source}`);
  writeFileSync(join(dir, 'vitest.config.js'), `export default { test: { exclude: [] } }`);
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--root',
    dir,
    '--config',
    join(dir, 'vitest.config.js'),
  ];
  return new Promise((resolve) => {
    const reporter = join(import.meta.dirname, 'summary-reporter.ts');
    const env = { ...process.env, NO_COLOR: '1' };
    const child = execFile(process.execPath, [...args, '--reporter', reporter], { env }, (_error, stdout) => {
      rmSync(dir, { recursive: true });
      resolve({ exit: child.exitCode, lines: stdout.trim().split('\n') });
    });
  });
}

test('passed and skipped tests, the latter with their reasons', async () => {
  const { exit, lines } = await summaryOf(`
    test('a', () => expect(1).toBe(1));
    test('b', ({ skip }) => skip('no such device'));
    test.skip('c', () => {});`);
  expect(exit).toBe(0);
  expect(lines).toEqual([
    'skipped: a.test.js > b: no such device',
    'skipped: a.test.js > c: no reason given',
    '1 passed, 0 failed, 2 skipped',
  ]);
});

test('what fails outside of a test counts as well', async () => {
  const hook = await summaryOf(
    `describe('s', () => { beforeAll(() => { throw new Error('x') }); test('a', () => {}) });`,
  );
  expect(hook.exit).toBe(1);
  expect(hook.lines.at(-1)).toMatch(/^0 passed, [1-9]\d* failed/);
  const load = await summaryOf(`throw new Error('x')`);
  expect(load).toEqual({ exit: 1, lines: ['failed: a.test.js: x', '0 passed, 1 failed'] });
  const stray = await summaryOf(
    `test('a', () => { setTimeout(() => { throw new Error('x') }); return new Promise((r) => setTimeout(r, 50)) });`,
  );
  expect(stray).toEqual({ exit: 1, lines: ['failed: outside of the tests: x', '1 passed, 1 failed'] });
});

test('a failing test gives a failing run', async () => {
  expect(await summaryOf(`test('a', () => expect(1).toBe(2)); test('b', () => {});`)).toEqual({
    exit: 1,
    lines: ['failed: a.test.js > a: expected 1 to be 2 // Object.is equality', '1 passed, 1 failed'],
  });
});

test('a test that passed at another try is named, with what failed first', async () => {
  const { exit, lines } = await summaryOf(
    `let tries = 0; test('a', { retry: 1 }, () => expect('try ' + ++tries).toBe('try 2'));`,
  );
  expect(exit).toBe(0);
  expect(lines).toEqual([
    "passed at another try only: a.test.js > a: expected 'try 1' to be 'try 2' // Object.is equality",
    '1 passed, 0 failed',
  ]);
});
