import type { Progress } from '@nook/daemonapi';
import { formatProgress } from './format-progress.ts';

interface Terminal extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const REDRAW_MS = 100;

/** Where there is no terminal, a command that takes longer than this says what it is at, a line for each stage. */
const SILENT_MS = 5_000;

/** One line on a terminal that is drawn over and over, and gone at the end; elsewhere a few lines, and only of long work. */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #current: { readonly progress: Progress; readonly since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #shown = false;
  #begun: number | undefined;
  #told: string | undefined;

  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  update(progress: Progress): void {
    if (!this.#terminal.isTTY) {
      this.#tell(progress.stage);
      return;
    }
    const since = this.#current?.progress.stage === progress.stage ? this.#current.since : this.#now();
    this.#current = { progress, since };
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
    if (!this.#shown) this.#draw();
  }

  /** Takes the line off the screen; the next redraw brings it back. */
  clear(): void {
    if (!this.#shown) return;
    this.#terminal.write('\r\x1b[K');
    this.#shown = false;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#current = undefined;
    this.clear();
  }

  #tell(stage: string): void {
    this.#begun ??= this.#now();
    const passed = this.#now() - this.#begun;
    if (passed < SILENT_MS || stage === this.#told) return;
    this.#told = stage;
    this.#terminal.write(`nook: [${String(Math.floor(passed / 1000)).padStart(3)} s] ${stage}\n`);
  }

  #draw(): void {
    if (!this.#current) return;
    const { progress, since } = this.#current;
    const text = formatProgress(progress, this.#now() - since);
    this.#terminal.write(`\r${text.slice(0, (this.#terminal.columns || 80) - 1)}\x1b[K`);
    this.#shown = true;
  }
}
