import { NookError } from '@nook/daemonapi';
import ipaddr from 'ipaddr.js';
import { familyOf } from '../addresses.ts';
import {
  type Attributes,
  addressText,
  attribute,
  nested,
  number8,
  number32,
  readAttributes,
  readNested,
  readText,
  text,
} from './attributes.ts';
import { libc } from './libc.ts';
import { AF_INET, AF_INET6, type RouteSocket } from './route-socket.ts';

/** <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>, <linux/if_tun.h> */
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const IFF_UP = 0x1;
const IFLA = { address: 1, name: 3, mtu: 4, master: 10, info: 18, alias: 20 } as const;
const INFO = { kind: 1, data: 2, portKind: 4, portData: 5 } as const;
const TUN_TYPE = 3;
const TUN_IS_TAP = 2;
const BRPORT_ISOLATED = 33;
const IFA = { address: 1, local: 2, flags: 8 } as const;
const IFA_F_NODAD = 0x02;
const SCOPE_LINK = 253;
const LINK_BYTES = 16;
const ADDRESS_BYTES = 8;

/** A link as the kernel tells of it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** As `bridge` and `tun`; undefined for links of hardware. */
  readonly kind: string | undefined;
  readonly tap: boolean;
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  /** Index of the bridge that it is a port of. */
  readonly master: number | undefined;
  readonly isolated: boolean;
  readonly alias: string | undefined;
}

export interface LinkAddress {
  readonly index: number;
  /** `ADDRESS/LENGTH` */
  readonly address: string;
  /** It is valid on the link only. */
  readonly local: boolean;
}

export interface LinkSettings {
  readonly alias: string;
  readonly mtu: number;
  readonly mac?: string | undefined;
  /** Index of a bridge. */
  readonly master?: number | undefined;
}

/** @throws NookError `operation_failed` when there is no link of this name */
export function indexOfLink(name: string): number {
  const index = libc().if_nametoindex(name);
  if (index === 0) throw new NookError('operation_failed', `There is no link '${name}'.`);
  return index;
}

export function readLinks(socket: RouteSocket): Link[] {
  return socket.list('list the links', { type: RTM_GETLINK, body: Buffer.alloc(LINK_BYTES) }).map((body) => {
    const attributes = readAttributes(body.subarray(LINK_BYTES));
    const info = readNested(attributes, IFLA.info);
    return {
      index: body.readInt32LE(4),
      name: readText(attributes, IFLA.name) ?? '',
      kind: readText(info, INFO.kind),
      tap: readNested(info, INFO.data).get(TUN_TYPE)?.[0] === TUN_IS_TAP,
      up: (body.readUInt32LE(8) & IFF_UP) !== 0,
      mtu: attributes.get(IFLA.mtu)?.readUInt32LE() ?? 0,
      mac:
        attributes
          .get(IFLA.address)
          ?.toString('hex')
          .replaceAll(/..(?=.)/g, '$&:') ?? '',
      master: attributes.get(IFLA.master)?.readUInt32LE(),
      isolated: readNested(info, INFO.portData).get(BRPORT_ISOLATED)?.[0] === 1,
      alias: readText(attributes, IFLA.alias),
    };
  });
}

export function readAddresses(socket: RouteSocket): LinkAddress[] {
  return socket.list('list the addresses', { type: RTM_GETADDR, body: Buffer.alloc(ADDRESS_BYTES) }).map((body) => {
    const attributes = readAttributes(body.subarray(ADDRESS_BYTES));
    return {
      index: body.readUInt32LE(4),
      address: `${readAddress(attributes)}/${body[1]}`,
      local: body[3] === SCOPE_LINK,
    };
  });
}

export function addBridge(socket: RouteSocket, name: string, mac: string): void {
  const kind = nested(IFLA.info, text(INFO.kind, 'bridge'));
  const attributes = [text(IFLA.name, name), attribute(IFLA.address, macBytes(mac)), kind];
  socket.change(`add the bridge ${name}`, {
    ...{ type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL },
    body: linkMessage(0, attributes),
  });
}

export function deleteLink(socket: RouteSocket, name: string): void {
  socket.change(`delete the link ${name}`, { type: RTM_DELLINK, body: linkMessage(0, [text(IFLA.name, name)]) });
}

/** Sets it up, too. */
export function setLink(socket: RouteSocket, name: string, { alias, mtu, mac, master }: LinkSettings): void {
  const attributes = [
    text(IFLA.name, name),
    attribute(IFLA.alias, Buffer.from(alias)),
    number32(IFLA.mtu, mtu),
    ...(mac === undefined ? [] : [attribute(IFLA.address, macBytes(mac))]),
    ...(master === undefined ? [] : [number32(IFLA.master, master)]),
  ];
  socket.change(`set up the link ${name}`, { type: RTM_NEWLINK, body: linkMessage(IFF_UP, attributes) });
}

/** @param name of a port of a bridge */
export function setIsolated(socket: RouteSocket, name: string, isolated: boolean): void {
  const data = nested(INFO.portData, number8(BRPORT_ISOLATED, isolated ? 1 : 0));
  const attributes = [text(IFLA.name, name), nested(IFLA.info, text(INFO.portKind, 'bridge'), data)];
  socket.change(`isolate the port ${name}`, { type: RTM_NEWLINK, body: linkMessage(0, attributes) });
}

/** It is used at once: nobody is asked whether another one has it. */
export function addAddress(socket: RouteSocket, index: number, address: string): void {
  socket.change(`add the address ${address}`, {
    ...{ type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL },
    body: addressMessage(index, address, [number32(IFA.flags, IFA_F_NODAD)]),
  });
}

export function deleteAddress(socket: RouteSocket, index: number, address: string): void {
  socket.change(`delete the address ${address}`, { type: RTM_DELADDR, body: addressMessage(index, address, []) });
}

/** `struct ifinfomsg`; a link without an index is that of the name among the attributes. */
function linkMessage(flags: number, attributes: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(LINK_BYTES);
  head.writeUInt32LE(flags, 8);
  head.writeUInt32LE(flags, 12);
  return Buffer.concat([head, ...attributes]);
}

/** `struct ifaddrmsg` */
function addressMessage(index: number, address: string, more: readonly Buffer[]): Buffer {
  const [own = '', length] = address.split('/');
  const head = Buffer.alloc(ADDRESS_BYTES);
  head[0] = familyOf(own) === 4 ? AF_INET : AF_INET6;
  head[1] = Number(length);
  head.writeUInt32LE(index, 4);
  const bytes = Buffer.from(ipaddr.parse(own).toByteArray());
  return Buffer.concat([head, attribute(IFA.local, bytes), attribute(IFA.address, bytes), ...more]);
}

/** Where both are there, the second is the other end's. */
function readAddress(attributes: Attributes): string {
  return addressText(attributes.get(IFA.local) ?? attributes.get(IFA.address) ?? Buffer.alloc(0));
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
