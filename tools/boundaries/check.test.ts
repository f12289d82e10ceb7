import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { rules } from './rules.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nook-boundaries-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function plant(file: string, source: string): void {
  mkdirSync(join(root, dirname(file)), { recursive: true });
  writeFileSync(join(root, file), source);
}

const found = () => check(root).violations.map(({ file, line, rule }) => `${file}:${line} ${rule.name}`);

describe.each(rules)('$name', ({ name, violation }) => {
  test('finds its violation, and no other rule does', () => {
    plant(violation.file, `\n${violation.source}\n`);
    expect(found()).toEqual([`${violation.file}:2 ${name}`]);
  });
});

test('every form of import is seen', () => {
  plant(
    'packages/engine/src/a.ts',
    [
      `import '@nook/plugin-a';`,
      `import type {} from '@nook/plugin-a';`,
      `export * from '@nook/plugin-a';`,
      `export type { X } from '@nook/plugin-a';`,
      `const a = await import('@nook/plugin-a');`,
      `type T = typeof import('@nook/plugin-a');`,
    ].join('\n'),
  );
  expect(found()).toEqual([1, 2, 3, 4, 5, 6].map((line) => `packages/engine/src/a.ts:${line} engine-no-plugin`));
});

test('what the layout is made for is allowed', () => {
  plant('packages/daemonapi/src/a.ts', `import type { Duplex } from 'node:stream';\nimport './b.ts';`);
  plant('packages/engine/src/a.ts', `import { x } from '@nook/wire';\nimport pino from 'pino';`);
  plant('packages/plugin-x/src/a.ts', `import '@nook/daemonapi';\nimport '@nook/guest';\nimport 'zod';`);
  plant(
    'packages/plugin-x/src/cli/a.ts',
    `import type { X } from '../contract.ts';\nimport './b.ts';\nimport '../size.ts';\nimport '@nook/wire';`,
  );
  plant('apps/daemon/src/main.ts', `import '@nook/plugin-x/register';\nimport '@nook/engine';`);
  plant('apps/cli/src/main.ts', `import '@nook/plugin-x/cli';\nimport type {} from '@nook/engine/contract';`);
  plant('tests/a.vm.test.ts', `import '@nook/plugin-x/register';\nimport { y } from '../packages/engine/src/y.ts';`);
  expect(found()).toEqual([]);
});

test.each(['../contract.ts', '../plugin.ts', '../config.ts', '../store/a.ts', '@nook/plugin-x'])(
  'a cli folder may not load %s',
  (specifier) => {
    plant('packages/plugin-x/src/cli/a.ts', `import { x } from '${specifier}';`);
    expect(found()).toEqual(['packages/plugin-x/src/cli/a.ts:1 plugin-cli-apart']);
  },
);

test('a type imported beside a value loads the module', () => {
  plant('apps/cli/src/a.ts', `import { type Engine } from '@nook/engine';`);
  expect(found()).toEqual(['apps/cli/src/a.ts:1 cli-no-daemon-code']);
});
