import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

const pages = [
  'README.md',
  'AGENTS.md',
  ...(await readdir(join(ROOT, 'docs'), { recursive: true })).map((name) => join('docs', name)),
];

test.each(pages.filter((name) => name.endsWith('.md')))('%s links only to what is there', async (page) => {
  const text = await readFile(join(ROOT, page), 'utf8');
  const broken: string[] = [];
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(file)) broken.push(target);
    else if (anchor !== undefined && !anchorsOf(await readFile(file, 'utf8')).includes(anchor)) broken.push(target);
  }
  expect(broken).toEqual([]);
});

test('every decision and every page is reached from the index or the readme', async () => {
  const text =
    (await readFile(join(ROOT, 'docs/README.md'), 'utf8')) + (await readFile(join(ROOT, 'README.md'), 'utf8'));
  const direct = pages
    .map((page) => relative('docs', page))
    .filter((page) => /^[^/.]+\.md$/.test(page) && page !== 'README.md');
  expect(direct.filter((page) => !text.includes(`(${page})`) && !text.includes(`(docs/${page})`))).toEqual([]);
  expect(text).toContain('(decisions/)');
});

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
