import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { SavedSession } from './session.ts';
import type { SessionTerms } from './session-table.ts';

/** The sessions of a machine that was saved. */
export interface SavedSessions {
  readonly next_id: number;
  readonly next_copy: number;
  readonly came_first: boolean;
  readonly sessions: readonly (SavedSession & { readonly terms: SessionTerms; readonly channel: number })[];
}

/** What else the host's end of the guest channel knows. */
interface SavedChannel {
  readonly epoch: string;
  readonly next_channel: number;
  /** How long the machine had run since its start. Absent in files of earlier versions. */
  readonly ran_ms?: number | undefined;
  /** Bytes that were to be sent and are kept beside, behind the sessions' output. */
  readonly pending: number;
}

export interface SavedGuest extends SavedChannel {
  readonly table: SavedSessions;
}

interface Contents {
  readonly guest: Omit<SavedGuest, 'pending'>;
  /** Of all sessions, one after the other. */
  readonly output: readonly Buffer[];
  readonly pending: Buffer;
}

const LENGTH = 4;

/** Writes the file of a saved machine's sessions: u32 size of a JSON text, the text, output, what waits to be sent. */
export function writeSessions(file: string, { guest, output, pending }: Contents): void {
  const header = Buffer.from(JSON.stringify({ ...guest, pending: pending.length } satisfies SavedGuest));
  const length = Buffer.alloc(LENGTH);
  length.writeUInt32LE(header.length);
  const fd = openSync(file, 'w', 0o600);
  try {
    for (const bytes of [length, header, ...output, pending]) {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    }
  } finally {
    closeSync(fd);
  }
}

export function readSessions(file: string): { guest: SavedGuest; output: Buffer; pending: Buffer } {
  const bytes = readFileSync(file);
  const begin = LENGTH + bytes.readUInt32LE();
  const guest = JSON.parse(bytes.toString('utf8', LENGTH, begin)) as SavedGuest;
  const end = bytes.length - guest.pending;
  return { guest, output: bytes.subarray(begin, end), pending: bytes.subarray(end) };
}
