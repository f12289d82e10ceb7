import { readFile, writeFile } from 'node:fs/promises';
import { type Conditions, describe } from './conditions.ts';
import type { Row } from './row.ts';
import { markdownTable } from './table.ts';

/** What follows is written by people and kept. */
const MARK = '<!-- below: written by hand, kept by the bench -->';

/** Writes the page of figures, and leaves what people wrote under it. */
export async function writeDocument(path: string, conditions: Conditions, rows: readonly Row[]): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => '');
  const at = before.indexOf(MARK);
  const kept = at === -1 ? `${MARK}\n` : before.slice(at);
  await writeFile(path, `${page(conditions, rows)}\n${kept}`);
}

function page(conditions: Conditions, rows: readonly Row[]): string {
  return `# Benchmarks

Written by \`npm run bench -- --write docs/benchmarks.md\`. Figures are medians of \`n\` samples. A peer is the same thing
done without nook, measured in the same run, in turn with it; the ratio is to that peer.
\`npm run bench -- --only rpc,cli\` runs some measurements, \`--quick\` takes few samples, \`--json FILE\` keeps all of them.

${describe(conditions)
  .map(([what, value]) => `- ${what}: ${value}`)
  .join('\n')}

${markdownTable(rows)}
`;
}
