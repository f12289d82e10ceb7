import { codeBlocks, commandsOf } from '../harness/code-blocks.ts';

/** One thing that a reader of a page does, or sees. */
export interface Step {
  readonly kind: 'command' | 'file' | 'output';
  readonly line: number;
  /** The command, or the file's path. */
  readonly what: string;
  /** What the file holds, or what was printed. */
  readonly text: string;
}

/**
 * What a page tells its reader to do: `sh` blocks are commands, one a line; blocks whose language is followed by a path
 * are files; an `output` block is what the command before it printed. @throws on a block that is none of these
 */
export function stepsOf(markdown: string): Step[] {
  return codeBlocks(markdown).flatMap((block): Step[] => {
    const { language, line, text } = block;
    const [, path] = language.split(' ');
    if (language === 'sh')
      return commandsOf(block).map((command) => ({ kind: 'command', line, what: command, text: '' }));
    if (language === 'output') return [{ kind: 'output', line, what: text, text }];
    if (path !== undefined) return [{ kind: 'file', line, what: path, text: `${text}\n` }];
    throw new Error(`line ${line}: nobody can tell what to do with a block of '${language}'`);
  });
}
