export interface CodeBlock {
  /** The tag after the opening fence; empty when there is none. */
  readonly language: string;
  readonly text: string;
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
}

/** The fenced blocks of a Markdown page. @throws when one is not closed, or is indented */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^(\s*)```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (fence[1] !== '') throw new Error(`line ${index + 1}: an indented fence`);
    else if (open === undefined) open = { language: fence[2]?.trim() ?? '', line: index + 1, lines: [] };
    else {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block is not closed`);
  return blocks;
}

/** The commands of a shell block, one a line, without the remarks. @throws on what would need a shell parser */
export function commandsOf({ text, line }: CodeBlock): string[] {
  return text.split('\n').flatMap((command, index) => {
    if (command.endsWith('\\') || /^\s/.test(command)) throw new Error(`line ${line + index + 1}: one command a line`);
    return command.trim() === '' || command.startsWith('#') ? [] : [command];
  });
}
