import { readFile, writeFile } from 'node:fs/promises';
import { type Conditions, describe } from './conditions.ts';
import type { Row } from './row.ts';
import { markdownTable } from './table.ts';

/** What follows is written by people and kept. */
const MARK = '<!-- below: written by hand, kept by the bench -->';
/** Begins the section of one measurement, which ends where the next one begins. */
const SECTION = /^<!-- measured: (\S+) -->\n/m;

interface Run {
  readonly conditions: Conditions;
  readonly rows: readonly Row[];
  /** Names of all measurements, as the page has them. */
  readonly order: readonly string[];
}

/** Writes the sections of what was measured into the page, and leaves the others and what people wrote as they are. */
export async function writeDocument(path: string, { conditions, rows, order }: Run): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => '');
  const at = before.indexOf(MARK);
  const byHand = at === -1 ? `${MARK}\n` : before.slice(at);
  const sections = readSections(at === -1 ? before : before.slice(0, at));
  for (const name of new Set(rows.map(({ measurement }) => measurement))) {
    const own = rows.filter(({ measurement }) => measurement === name);
    sections.set(name, section(conditions, own));
  }
  const written = order.flatMap((name) => {
    const body = sections.get(name);
    return body === undefined ? [] : [`<!-- measured: ${name} -->\n\n## ${name}\n\n${body}\n`];
  });
  await writeFile(path, [PREFACE, ...written, byHand].join('\n'));
}

/** Of each measurement that the page has: what stands under its heading. */
function readSections(page: string): Map<string, string> {
  const [, ...parts] = page.split(SECTION);
  const sections = new Map<string, string>();
  for (let i = 0; i + 1 < parts.length; i += 2) {
    sections.set(parts[i] as string, (parts[i + 1] as string).replace(/^\s*## .*\n/, '').trim());
  }
  return sections;
}

function section(conditions: Conditions, rows: readonly Row[]): string {
  const circumstances = describe(conditions).map(([what, value]) => `${what}: ${value}`);
  return `${circumstances.join(' · ')}\n\n${markdownTable(rows)}`;
}

const PREFACE = `# Benchmarks

Written by \`npm run bench -- --write docs/benchmarks.md\`. Figures are medians of \`n\` samples. A peer is the same thing
done without nook, measured in the same run, in turn with it; the ratio is to that peer.
\`npm run bench -- --only rpc,cli\` runs some measurements and replaces their sections only, \`--quick\` takes few samples,
\`--json FILE\` keeps all of them: those of the sections here are in \`bench/results\`, where they were kept.
`;
