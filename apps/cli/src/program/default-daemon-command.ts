import { programFile } from '@nook/wire';

/** Starts a daemon where the configuration names no other one. */
export function defaultDaemonCommand(): string[] {
  return [process.execPath, programFile('nookd', import.meta.url)];
}
