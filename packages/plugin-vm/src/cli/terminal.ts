import { spawnSync } from 'node:child_process';
import type { ReadStream } from 'node:tty';

/** Raw mode while a terminal's keys belong to the guest; whatever ends the scope gives the terminal back. */
export function rawMode(stdin: NodeJS.ReadStream): Disposable {
  if (!stdin.isTTY) return { [Symbol.dispose]: () => {} };
  const terminal = stdin as unknown as ReadStream;
  terminal.setRawMode(true);
  // Node leaves the terminal's output processing on; the guest's has been done already, and may be off on purpose.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  const restore = () => terminal.setRawMode(false);
  process.once('exit', restore);
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore);
      restore();
    },
  };
}
