// POSIX pax: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_02
/** One entry of a tar that is written. Names are latin-1: one character a byte. */
export interface TarItem {
  readonly name: string;
  /** `0` file, `1` hard link, `2` symbolic link, `3` character, `4` block, `5` directory, `6` pipe. */
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow. */
  readonly size: number;
  readonly mtime: number;
  readonly nanoseconds: number;
  readonly linkname?: string;
  readonly major?: number;
  readonly minor?: number;
  /** Records of the extended header, beside those that the fields above make necessary. */
  readonly records?: readonly (readonly [string, Buffer])[];
}

const BLOCK = 512;
const MAX_OCTAL = 8 ** 7 - 1;
const MAX_SIZE = 8 ** 11 - 1;

/** The blocks before an entry's content. What the old header cannot say, an extended one does. */
export function tarHeader(item: TarItem): Buffer {
  const { name, linkname = '', uid, gid, size, mtime, nanoseconds } = item;
  const records = [...(item.records ?? [])];
  const text = (key: string, value: string) => void records.push([key, Buffer.from(value, 'latin1')]);
  if (name.length > 100) text('path', name);
  if (linkname.length > 100) text('linkpath', linkname);
  if (uid > MAX_OCTAL) text('uid', String(uid));
  if (gid > MAX_OCTAL) text('gid', String(gid));
  if (size > MAX_SIZE) text('size', String(size));
  if (nanoseconds !== 0 || mtime < 0 || mtime > MAX_SIZE) text('mtime', timeText(mtime, nanoseconds));
  const header = plainHeader(item);
  if (records.length === 0) return header;
  const content = Buffer.concat(records.map(([key, value]) => record(key, value)));
  const about = { name: 'pax', flag: 'x', mode: 0o644, uid: 0, gid: 0, size: content.length, mtime: 0, nanoseconds: 0 };
  return Buffer.concat([plainHeader(about), content, padding(content.length), header]);
}

/** Zeros up to a whole block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export const TAR_END = Buffer.alloc(2 * BLOCK);

function plainHeader({
  name,
  flag,
  mode,
  uid,
  gid,
  size,
  mtime,
  linkname = '',
  major = 0,
  minor = 0,
}: TarItem): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, width: number, most: number) => {
    const fits = value >= 0 && value <= most ? value : 0;
    header.write(fits.toString(8).padStart(width, '0'), offset, 'latin1');
  };
  header.write(name.slice(0, 100), 0, 'latin1');
  octal(mode, 100, 7, MAX_OCTAL);
  octal(uid, 108, 7, MAX_OCTAL);
  octal(gid, 116, 7, MAX_OCTAL);
  octal(size, 124, 11, MAX_SIZE);
  octal(mtime, 136, 11, MAX_SIZE);
  header.write(flag, 156, 'latin1');
  header.write(linkname.slice(0, 100), 157, 'latin1');
  header.write('ustar\0', 257, 'latin1');
  header.write('00', 263, 'latin1');
  octal(major, 329, 7, MAX_OCTAL);
  octal(minor, 337, 7, MAX_OCTAL);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function record(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.concat([Buffer.from(`${length} ${key}=`, 'latin1'), value, Buffer.from('\n')]);
}

function timeText(seconds: number, nanoseconds: number): string {
  const before = seconds < 0 && nanoseconds > 0;
  const [whole, part] = before ? [seconds + 1, 1e9 - nanoseconds] : [seconds, nanoseconds];
  const sign = before && whole === 0 ? '-' : '';
  return `${sign}${whole}${part === 0 ? '' : `.${String(part).padStart(9, '0')}`}`;
}
