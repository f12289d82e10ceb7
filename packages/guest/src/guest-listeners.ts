import { decodeFields } from './fields.ts';
import { GuestProtocolError } from './protocol-error.ts';

/** A port that something in the guest listens on. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` are all addresses. */
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  /** Absent when no process of the guest owns the socket. */
  readonly pid?: number;
  /** The process's own name for itself, at most 15 bytes, whatever they are. */
  readonly command?: string;
}

export interface Listeners {
  readonly listeners: readonly Listener[];
  /** So many did not fit in the answer. */
  readonly more: number;
}

const PROTOCOLS: Readonly<Record<number, 'tcp' | 'udp'>> = { 6: 'tcp', 17: 'udp' };
const HEADER = 12;

/** @throws GuestProtocolError */
export function decodeListeners(payload: Buffer): Listeners {
  const fields = decodeFields(payload);
  const more = fields.find(({ tag, value }) => tag === 2 && value.length === 4);
  return {
    listeners: fields.filter(({ tag }) => tag === 1).map(({ value }) => decodeListener(value)),
    more: more?.value.readUInt32LE() ?? 0,
  };
}

function decodeListener(value: Buffer): Listener {
  const length = value.length < HEADER ? 0 : value.readUInt8(1);
  const protocol = PROTOCOLS[value[0] ?? 0];
  if (protocol === undefined || (length !== 4 && length !== 16) || value.length < HEADER + length) {
    throw new GuestProtocolError('invalid', 'A listener makes no sense.');
  }
  const pid = value.readUInt32LE(8);
  const command = value.toString('utf8', HEADER + length);
  return {
    protocol,
    address: formatAddress(value.subarray(HEADER, HEADER + length)),
    port: value.readUInt16LE(2),
    uid: value.readUInt32LE(4),
    ...(pid === 0 ? {} : { pid }),
    ...(command === '' ? {} : { command }),
  };
}

/** The shortest form of an IPv6 address is what the URL parser makes of it. */
function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, word) => bytes.readUInt16BE(word * 2).toString(16));
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}
