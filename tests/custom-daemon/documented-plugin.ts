import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeBlocks } from '../harness/code-blocks.ts';

const PAGE = join(import.meta.dirname, '../../docs/custom-daemon.md');

/** The plugin that docs/custom-daemon.md shows, so that what is shown there works. */
export async function documentedPlugin(): Promise<string> {
  return blockWith('registerPlugin(greeter)');
}

/** The entry file as the page shows it. */
export async function documentedEntry(): Promise<string> {
  return blockWith('await runDaemon();');
}

async function blockWith(words: string): Promise<string> {
  const blocks = codeBlocks(await readFile(PAGE, 'utf8'));
  const [block, ...others] = blocks.filter(({ language, text }) => language === 'ts' && text.includes(words));
  if (block === undefined || others.length > 0) throw new Error(`not one block of ${PAGE} holds ${words}`);
  return block.text;
}
