import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../addresses.ts';

/** Attributes of <linux/rtnetlink.h>: length and kind of 16 bits each, then the value, filled up to 4 bytes. */
const HEADER_BYTES = 4;
/** Nested and byte-order marks are no part of the kind. */
const KIND_MASK = 0x3fff;

export type Attributes = ReadonlyMap<number, Buffer>;

export function attribute(kind: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + padded(value.length));
  bytes.writeUInt16LE(HEADER_BYTES + value.length, 0);
  bytes.writeUInt16LE(kind, 2);
  value.copy(bytes, HEADER_BYTES);
  return bytes;
}

export function nested(kind: number, ...attributes: readonly Buffer[]): Buffer {
  return attribute(kind, Buffer.concat(attributes));
}

/** Ends with NUL, as names do. */
export function text(kind: number, value: string): Buffer {
  return attribute(kind, Buffer.from(`${value}\0`, 'latin1'));
}

export function number32(kind: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(kind, bytes);
}

export function number8(kind: number, value: number): Buffer {
  return attribute(kind, Buffer.from([value]));
}

export function readAttributes(bytes: Buffer): Attributes {
  const read = new Map<number, Buffer>();
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < HEADER_BYTES) break;
    read.set(bytes.readUInt16LE(at + 2) & KIND_MASK, bytes.subarray(at + HEADER_BYTES, at + length));
    at += padded(length);
  }
  return read;
}

export function readNested(attributes: Attributes, kind: number): Attributes {
  return readAttributes(attributes.get(kind) ?? Buffer.alloc(0));
}

export function readText(attributes: Attributes, kind: number): string | undefined {
  const value = attributes.get(kind);
  return value?.toString('latin1', 0, value.at(-1) === 0 ? value.length - 1 : value.length);
}

/** @param bytes 4 of IPv4, 16 of IPv6 */
export function addressText(bytes: Buffer): string {
  const address = ipaddr.fromByteArray([...bytes]).toString();
  return canonicalAddress(address) ?? address;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
