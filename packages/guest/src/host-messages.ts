import { encodeFields, type Field, stringField, u8Field, u16Field, u32Field, u64Field } from './fields.ts';
import { PROTOCOL_VERSION } from './frame-type.ts';

/** What the host sends in CONFIGURE. What is absent is left as it is in the guest. */
export interface Configure {
  readonly hostname?: string;
  /** 32 lowercase hex digits. */
  readonly machineId?: string;
  /** `ADDRESS/PREFIX`, IPv4; absent: no network. */
  readonly address?: string;
  readonly gateway?: string | undefined;
  /** `ADDRESS/PREFIX`, IPv6. */
  readonly address6?: string | undefined;
  readonly gateway6?: string | undefined;
  /** Largest packet of the network card, in bytes; 1280 to 65535. */
  readonly mtu?: number | undefined;
  readonly dns?: readonly string[];
  /** DNS search domain. */
  readonly search?: string | undefined;
  /** Nanoseconds since the epoch. */
  readonly timeNs?: bigint;
  /** Random bytes, 512 at most; 32 or more are enough to seed the guest's generator. */
  readonly entropy?: Uint8Array;
  readonly mac?: string;
  /** Folders of the host: the tags of virtio-9p devices, and where in the guest they are mounted; at most 16. */
  readonly mounts?: readonly { readonly tag: string; readonly target: string; readonly readOnly: boolean }[];
  /** The root file system is to fill a disk of so many bytes. CONFIGURED comes when it does. */
  readonly diskBytes?: bigint;
  /** The image's own init becomes PID 1. CONFIGURED comes when programs can use it. */
  readonly imageInit?: boolean;
}

/** What the host sends in EXEC. */
export interface Exec {
  /** At least one; the first is looked up along the guest's PATH unless it holds a `/`. */
  readonly argv: readonly string[];
  /** Set over the guest's defaults. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the user's home. */
  readonly cwd?: string;
  /** `name`, `uid`, `name:group` or `uid:gid`; default root. */
  readonly user?: string;
  readonly pty?: boolean;
  readonly rows?: number;
  readonly columns?: number;
}

/** What the host sends in COPY. */
export interface Copy {
  readonly direction: 'into' | 'out';
  /** In the guest; relative to the user's home, which an empty one is. */
  readonly path: string;
  /** Into the guest: the name below a path that is a directory; absent: the tree is merged into that directory. */
  readonly name?: string | undefined;
  /** As in {@link Exec}. */
  readonly user?: string | undefined;
  /** Into the guest: the path must be a directory. */
  readonly directoryOnly?: boolean | undefined;
  /** Out of the guest: a symlink at the path itself is followed. */
  readonly follow?: boolean | undefined;
}

/** Payload of the host's HELLO. */
export function encodeHello(hello: { readonly epoch: bigint }): Buffer {
  return encodeFields([u32Field(1, PROTOCOL_VERSION), u64Field(2, hello.epoch)]);
}

/** Payload of CONFIGURE. */
export function encodeConfigure(configure: Configure): Buffer {
  const fields: Field[] = [];
  const text = (tag: number, value: string | undefined) => {
    if (value !== undefined) fields.push(stringField(tag, value));
  };
  text(1, configure.hostname);
  text(2, configure.machineId);
  text(3, configure.address);
  text(4, configure.gateway);
  for (const server of configure.dns ?? []) text(5, server);
  if (configure.timeNs !== undefined) fields.push(u64Field(6, configure.timeNs));
  if (configure.entropy !== undefined) fields.push({ tag: 7, value: Buffer.from(configure.entropy) });
  text(8, configure.mac);
  text(9, configure.search);
  if (configure.imageInit === true) fields.push(u8Field(11, 1));
  for (const { tag, target, readOnly } of configure.mounts ?? []) {
    const head = Buffer.of(readOnly ? 1 : 0, Buffer.byteLength(tag));
    fields.push({ tag: 12, value: Buffer.concat([head, Buffer.from(tag), Buffer.from(target)]) });
  }
  if (configure.diskBytes !== undefined) fields.push(u64Field(13, configure.diskBytes));
  text(14, configure.address6);
  text(15, configure.gateway6);
  if (configure.mtu !== undefined) fields.push(u16Field(16, configure.mtu));
  return encodeFields(fields);
}

/** Payload of EXEC. It may be larger than one frame allows: `encodeFrame` refuses it then, and so must the caller. */
export function encodeExec(exec: Exec): Buffer {
  const fields: Field[] = exec.argv.map((argument) => stringField(1, argument));
  for (const [name, value] of Object.entries(exec.env ?? {})) fields.push(stringField(2, `${name}=${value}`));
  if (exec.cwd !== undefined) fields.push(stringField(3, exec.cwd));
  if (exec.user !== undefined) fields.push(stringField(4, exec.user));
  if (exec.pty === true) fields.push(u8Field(5, 1));
  if (exec.rows !== undefined) fields.push(u16Field(6, exec.rows));
  if (exec.columns !== undefined) fields.push(u16Field(7, exec.columns));
  return encodeFields(fields);
}

/** Payload of COPY. */
export function encodeCopy(copy: Copy): Buffer {
  const fields = [u8Field(1, copy.direction === 'into' ? 1 : 2), stringField(2, copy.path)];
  if (copy.name !== undefined) fields.push(stringField(3, copy.name));
  if (copy.user !== undefined) fields.push(stringField(4, copy.user));
  const flags = (copy.directoryOnly === true ? 1 : 0) | (copy.follow === true ? 2 : 0);
  if (flags !== 0) fields.push(u8Field(5, flags));
  return encodeFields(fields);
}

/** Payload of CONNECT. @param port a TCP port of the guest */
export function encodeConnect(port: number): Buffer {
  return encodeFields([u16Field(1, port)]);
}

/** Payload of CREDIT, SIGNAL (its number) and POWEROFF (its milliseconds). */
export function encodeU32(value: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32LE(value);
  return payload;
}

/** Payload of RESIZE. */
export function encodeResize(rows: number, columns: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt16LE(rows, 0);
  payload.writeUInt16LE(columns, 2);
  return payload;
}
