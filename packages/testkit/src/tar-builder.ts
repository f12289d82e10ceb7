export interface TarPart {
  readonly name: string | Buffer;
  /** The header's type flag; a file when absent. */
  readonly type?: string;
  readonly link?: string | Buffer;
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly device?: readonly [number, number];
  /** Declares another size than the content's. */
  readonly size?: number;
  /** Records of an extended header before the entry. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
}

/** Writes a tar byte by byte, so that it can also be wrong in all the ways that a writer would refuse. */
export function buildTar(parts: readonly TarPart[], end = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...parts.flatMap(encode), end]);
}

function encode(part: TarPart): Buffer[] {
  const content = Buffer.from(part.content ?? '');
  const blocks: Buffer[] = [];
  if (part.pax !== undefined) blocks.push(...encode({ name: 'pax', type: 'x', content: paxRecords(part.pax) }));
  const header = Buffer.alloc(512);
  const octal = (value: number, offset: number, width: number) =>
    header.write(value.toString(8).padStart(width, '0'), offset, 'latin1');
  Buffer.from(part.name).copy(header, 0, 0, 100);
  octal(part.mode ?? 0o644, 100, 7);
  octal(part.uid ?? 0, 108, 7);
  octal(part.gid ?? 0, 116, 7);
  octal(part.size ?? content.length, 124, 11);
  octal(1_700_000_000, 136, 11);
  header.write(part.type ?? '0', 156, 'latin1');
  Buffer.from(part.link ?? '').copy(header, 157, 0, 100);
  header.write('ustar\0', 257, 'latin1');
  header.write('00', 263, 'latin1');
  octal(part.device?.[0] ?? 0, 329, 7);
  octal(part.device?.[1] ?? 0, 337, 7);
  header.fill(' ', 148, 156);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  header[154] = 0;
  return [...blocks, header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}

function paxRecords(records: Readonly<Record<string, string | Buffer>>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}
