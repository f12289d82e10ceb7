import { NookError } from '@nook/daemonapi';

/** An archive that nook does not take, and why. Names of entries are shown with odd bytes escaped. */
export function archiveError(message: string, hint = 'Make the archive anew, e.g. with: tar -C ROOT -cf root.tar .') {
  return new NookError('bad_request', message, { hint });
}

/** Names are kept as latin-1 strings, one character a byte; this shows one to people. */
export function showName(name: string): string {
  return JSON.stringify(Buffer.from(name.slice(0, 200), 'latin1').toString('utf8'));
}
