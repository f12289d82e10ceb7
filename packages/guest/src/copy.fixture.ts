import type { TestAgent } from './agent.fixture.ts';
import {
  CopyRecord,
  decodeEntry,
  decodeFailed,
  decodeHole,
  encodeEntry,
  encodeHole,
  encodeRecord,
} from './copy-record.ts';
import { CopyRecordParser } from './copy-record-parser.ts';
import { FrameType, Stream } from './frame-type.ts';
import { type Copy, encodeCopy } from './host-messages.ts';

export const MTIME = 1_600_000_000_123_456_789n;

/** Records of a host that sends a tree. */
export const put = {
  directory: (name = '', mode = 0o755) => entry(CopyRecord.DIRECTORY, name, mode),
  file: (name: string, bytes: string | Buffer, mode = 0o644) =>
    Buffer.concat([
      entry(CopyRecord.FILE, name, mode),
      encodeRecord(CopyRecord.DATA, Buffer.from(bytes)),
      encodeRecord(CopyRecord.CLOSE),
    ]),
  openFile: (name = '') => entry(CopyRecord.FILE, name, 0o644),
  data: (bytes: string) => encodeRecord(CopyRecord.DATA, Buffer.from(bytes)),
  hole: encodeHole,
  close: encodeRecord(CopyRecord.CLOSE),
  symlink: (name: string, target: string) => entry(CopyRecord.SYMLINK, name, 0o777, Buffer.from(target)),
  up: encodeRecord(CopyRecord.UP),
  done: encodeRecord(CopyRecord.DONE),
};

function entry(kind: number, name: string, mode: number, target?: Buffer): Buffer {
  return encodeEntry(kind, { mode, mtimeNs: MTIME, name: Buffer.from(name), ...(target ? { target } : {}) });
}

/** Sends the records and the end of the stream. @returns undefined, or why the agent gave up */
export async function copyInto(
  agent: TestAgent,
  copy: Omit<Copy, 'direction'>,
  ...records: readonly Buffer[]
): Promise<string | undefined> {
  const session = agent.request(FrameType.COPY, encodeCopy({ ...copy, direction: 'into' }));
  await session.write(Buffer.concat(records));
  session.end();
  const { exit, failed } = await session.ended;
  if (failed) return failed.message;
  const answer = recordsOf(session.bytes(Stream.STDOUT)).at(-1);
  if (answer?.kind === CopyRecord.FAILED) return decodeFailed(answer.payload).message;
  if (answer?.kind === CopyRecord.DONE) return undefined;
  return `no answer: ${JSON.stringify(exit)}`;
}

/** What the agent sent for a path, one line for each record but DATA, which is joined. */
export async function copyOut(agent: TestAgent, copy: Omit<Copy, 'direction'>): Promise<string[]> {
  const session = agent.request(FrameType.COPY, encodeCopy({ ...copy, direction: 'out' }));
  await session.ended;
  const lines: string[] = [];
  let data = '';
  for (const { kind, payload } of recordsOf(session.bytes(Stream.STDOUT))) {
    if (kind === CopyRecord.DATA) data += payload.toString();
    else {
      if (data !== '') lines.push(`data ${data}`);
      data = '';
      lines.push(describeRecord(kind, payload));
    }
  }
  return lines;
}

function describeRecord(kind: number, payload: Buffer): string {
  const name =
    Object.entries(CopyRecord)
      .find(([, value]) => value === kind)?.[0]
      .toLowerCase() ?? '?';
  if (kind <= CopyRecord.SYMLINK) {
    const { mode, name: entryName, target } = decodeEntry(payload);
    const words = [name, mode.toString(8), entryName.toString(), target.length > 0 ? `-> ${target}` : ''];
    return words.filter((word) => word !== '').join(' ');
  }
  if (kind === CopyRecord.HOLE) return `hole ${decodeHole(payload)}`;
  if (kind === CopyRecord.FAILED) return `failed ${decodeFailed(payload).message}`;
  return payload.length > 0 ? `${name} ${payload}` : name;
}

function recordsOf(bytes: Buffer): { kind: number; payload: Buffer }[] {
  const records: { kind: number; payload: Buffer }[] = [];
  new CopyRecordParser((kind, payload) => records.push({ kind, payload: Buffer.from(payload) })).push(bytes);
  return records;
}
