import { archiveError } from './archive-error.ts';

const DAMAGED = 'The archive is damaged: an extended header does not fit its own length.';

/** Reads `LENGTH KEY=VALUE\n` records. Values stay bytes: they may be names that are no UTF-8, or binary attributes. */
export function parsePaxRecords(data: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  const map: string[] = [];
  let offset = 0;
  while (offset < data.length) {
    const space = data.indexOf(0x20, offset);
    const digits = space === -1 ? '' : data.toString('latin1', offset, space);
    const end = offset + Number(digits);
    if (!/^[1-9]\d{0,9}$/.test(digits) || end > data.length || data[end - 1] !== 0x0a) throw archiveError(DAMAGED);
    const equals = data.indexOf(0x3d, space);
    if (equals === -1 || equals >= end) throw archiveError(DAMAGED);
    const key = data.toString('latin1', space + 1, equals);
    const value = data.subarray(equals + 1, end - 1);
    // The first sparse format repeats two keys, in order: together they are the map of the next.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') map.push(value.toString('latin1'));
    else records.set(key, value);
    offset = end;
  }
  if (map.length > 0) records.set('GNU.sparse.map', Buffer.from(map.join(',')));
  return records;
}
