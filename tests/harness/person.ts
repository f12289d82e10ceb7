import { type IPty, spawn } from '@lydell/node-pty';
import { type Home, NOOK } from './home.ts';

/** A person at a terminal: types, and reads what the screen shows. */
export class Person {
  readonly ended: Promise<number>;
  readonly #pty: IPty;
  #seen = '';
  #onSeen = () => {};

  constructor(home: Home, args: string[], size = { cols: 100, rows: 30 }) {
    this.#pty = spawn(NOOK, args, { ...size, env: { ...home.env, TERM: 'xterm-256color' } as Record<string, string> });
    this.#pty.onData((text) => {
      this.#seen += text;
      this.#onSeen();
    });
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => resolve(exitCode));
    });
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(cols: number, rows: number): void {
    this.#pty.resize(cols, rows);
  }

  closeTerminal(): void {
    this.#pty.kill('SIGHUP');
  }

  /** Types keys again until they had their effect: what a shell does between two jobs swallows them. */
  async insists(keys: string, pattern: RegExp): Promise<string> {
    this.type(keys);
    const again = setInterval(() => this.type(keys), 1_000);
    return this.reads(pattern).finally(() => clearInterval(again));
  }

  /** Waits until the screen shows `pattern` after what was read before, and answers what it showed. */
  async reads(pattern: RegExp): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`${pattern} was not seen in:\n${this.#seen}`)), 60_000);
        this.#onSeen = () => {
          const match = pattern.exec(this.#seen);
          if (!match) return;
          this.#seen = this.#seen.slice(match.index + match[0].length);
          resolve(match[0]);
        };
        this.#onSeen();
      });
    } finally {
      clearTimeout(timer);
      this.#onSeen = () => {};
    }
  }
}
