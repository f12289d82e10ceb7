/** What a daemon left behind in the process after it had stopped. */
export class LeakError extends Error {
  override readonly name = 'LeakError';
  /** One sentence for each thing. */
  readonly leaks: readonly string[];

  constructor(leaks: readonly string[]) {
    super(`The daemon has stopped, and left behind:\n${leaks.map((leak) => `  - ${leak}`).join('\n')}`);
    this.leaks = leaks;
  }
}
