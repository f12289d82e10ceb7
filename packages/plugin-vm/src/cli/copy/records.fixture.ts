import { CopyRecord, CopyRecordParser, encodeEntry, encodeHole, encodeRecord } from '@nook/guest';

/** As a floating point number of seconds it is a little less. */
export const MTIME = 1_796_028_215_387_877_000n;

/** Records as a guest sends them. */
export const sent = {
  directory: (name = '', mode = 0o755) => entry(CopyRecord.DIRECTORY, name, mode),
  openFile: (name = '', mode = 0o644) => entry(CopyRecord.FILE, name, mode),
  file: (name: string, bytes: string, mode = 0o644) =>
    Buffer.concat([entry(CopyRecord.FILE, name, mode), sent.data(bytes), sent.close]),
  data: (bytes: string) => encodeRecord(CopyRecord.DATA, Buffer.from(bytes)),
  hole: encodeHole,
  close: encodeRecord(CopyRecord.CLOSE),
  symlink: (name: string, target: string) => entry(CopyRecord.SYMLINK, name, 0o777, target),
  up: encodeRecord(CopyRecord.UP),
  done: encodeRecord(CopyRecord.DONE),
  skipped: (text: string) => encodeRecord(CopyRecord.SKIPPED, Buffer.from(text)),
  failed: (text: string) => encodeRecord(CopyRecord.FAILED, Buffer.concat([Buffer.of(5, 0, 0, 0), Buffer.from(text)])),
};

function entry(kind: number, name: string, mode: number, target?: string): Buffer {
  const extra = target === undefined ? {} : { target: Buffer.from(target) };
  return encodeEntry(kind, { mode, mtimeNs: MTIME, name: Buffer.from(name), ...extra });
}

export function take(sink: { take(kind: number, payload: Buffer): void }, records: Iterable<Buffer>): void {
  const parser = new CopyRecordParser((kind, payload) => sink.take(kind, payload));
  for (const record of records) parser.push(record);
}
