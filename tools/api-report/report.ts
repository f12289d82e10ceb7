import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emit } from '../pack/compile.ts';

/** Where the committed report is. */
export const REPORT = 'packages/daemonapi/api-report.md';

const HEAD = `# What @nook/daemonapi declares

Every plugin is written against this. A change here is a change of the contract: adding is free, anything else needs
another \`API_VERSION\`. Made by \`npm run api-report\` from the sources; a test compares.
`;

/** All declarations of the contract package, as the compiler sees them, without comments. */
export async function apiReport(root: string): Promise<string> {
  const to = await mkdtemp(join(tmpdir(), 'nook-api-'));
  try {
    const options = { emitDeclarationOnly: true, removeComments: true };
    await emit(root, { from: join(root, 'packages/daemonapi'), to }, options);
    const files = globSync('**/*.d.ts', { cwd: join(to, 'dist') }).sort(indexFirst);
    const sections = await Promise.all(
      files.map(async (file) => {
        const text = await readFile(join(to, 'dist', file), 'utf8');
        return `\n## ${file.replace(/\.d\.ts$/, '')}\n\n\`\`\`ts\n${text.trim()}\n\`\`\`\n`;
      }),
    );
    return HEAD + sections.join('');
  } finally {
    await rm(to, { recursive: true });
  }
}

function indexFirst(a: string, b: string): number {
  if (a === 'index.d.ts') return -1;
  return b === 'index.d.ts' || a > b ? 1 : -1;
}
