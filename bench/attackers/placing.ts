import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Gives the daemon a processor of its own, and the caller that is measured another. An attacker shares the caller's when
 * there is no third, with the lowest of all priorities: what is measured is how the daemon divides itself, not how the
 * kernel does. With a single processor nothing is placed.
 */
export class Placing implements Disposable {
  readonly #placed = availableParallelism() > 1;
  readonly #daemon: number;

  constructor(daemon: number) {
    this.#daemon = daemon;
    this.#pin(daemon, '0');
    this.#pin(process.pid, '1');
  }

  /** What the command of an attacker begins with. */
  get attacker(): readonly string[] {
    const cpus = availableParallelism();
    const where = cpus > 2 ? `2-${cpus - 1}` : '1';
    return ['chrt', '--idle', '0', ...(this.#placed ? ['taskset', '--cpu-list', where] : [])];
  }

  [Symbol.dispose](): void {
    const all = `0-${availableParallelism() - 1}`;
    this.#pin(process.pid, all);
    this.#pin(this.#daemon, all);
  }

  #pin(pid: number, cpus: string): void {
    if (!this.#placed) return;
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cpus, String(pid)], { stdio: 'ignore' });
  }
}
