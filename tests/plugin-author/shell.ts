import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Ran {
  readonly code: number;
  readonly output: string;
  /** Where the shell stands afterwards. */
  readonly cwd: string;
}

/** One shell that a reader types into: folders and variables last from line to line. */
export class Shell implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #mark = `end-of-${randomUUID()}`;

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    // Standard error comes with standard output, as on a terminal; a command finds nothing on its standard input.
    this.#child = spawn('sh', ['-c', 'exec 2>&1; exec sh'], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** @throws when the shell ends over it */
  async run(command: string): Promise<Ran> {
    this.#child.stdin?.write(`{ ${command}\n} </dev/null\nprintf '\\n${this.#mark} %s %s\\n' "$?" "$PWD"\n`);
    let output = '';
    for (;;) {
      const { value: line, done } = await this.#lines.next();
      if (done) throw new Error(`the shell ended:\n${output}`);
      if (line.startsWith(this.#mark)) {
        const [, code, ...cwd] = line.split(' ');
        // The mark is on a line of its own, whatever came before it.
        return { code: Number(code), output: output.replace(/\n$/, ''), cwd: cwd.join(' ') };
      }
      output += `${line}\n`;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
