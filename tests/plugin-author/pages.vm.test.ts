import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../harness/home.ts';
import { stepsOf } from './page.ts';
import { type Ran, Shell } from './shell.ts';

/** In this order: the second one goes on where the first one ends. */
const PAGES = ['plugin-authors.md', 'composing.md'];

const pages = await Promise.all(
  PAGES.map(async (page) => ({ page, steps: stepsOf(await readFile(join(ROOT, 'docs', page), 'utf8')) })),
);

describe('a reader who does what the pages say', () => {
  let folder: string;
  let shell: Shell;
  let last: Ran;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nook-pages-'));
    const store = process.env.NOOK_TEST_STORE || join(ROOT, '.nook/test-store');
    await mkdir(store, { recursive: true, mode: 0o700 });
    shell = new Shell(folder, {
      ...process.env,
      // Until a page names another: nobody's own machines.
      NOOK_HOME: join(folder, 'no-home'),
      PATH: `${ROOT}:${process.env.PATH}`,
      NOOK: ROOT,
      NOOK_STORE: store,
      NO_COLOR: '1',
    });
    last = await shell.run('true');
  });
  afterAll(async () => {
    await shell.run('nook daemon stop');
    await shell[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, maxRetries: 10 });
  });

  describe.each(pages)('of $page', ({ steps }) => {
    it('has something to do', () => {
      expect(steps.filter(({ kind }) => kind === 'command').length).toBeGreaterThan(4);
      expect(steps.filter(({ kind }) => kind === 'file').length).toBeGreaterThan(1);
    });

    it.each(steps)('at line $line: $kind $what', async (step) => {
      if (step.kind === 'file') {
        const path = join(last.cwd, step.what);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, step.text);
      } else if (step.kind === 'output') {
        expect(last.output).toContain(step.text);
      } else {
        last = await shell.run(step.what);
        expect({ code: last.code, output: last.code === 0 ? '' : last.output }).toEqual({ code: 0, output: '' });
      }
    });
  });
});
