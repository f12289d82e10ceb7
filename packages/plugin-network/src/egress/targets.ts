import { type EgressTarget, NookError } from '@nook/daemonapi';
import { canonicalRange } from '@nook/netstate';

const FORM = 'NAME[:PORT[-PORT]][/tcp|udp|icmp], *.NAME…, ADDRESS[/LENGTH]…, or [ADDRESS6/LENGTH]:PORT…';
const PATTERN =
  /^(?<where>\[[0-9a-f:.]+(?:\/\d+)?\]|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*(?:\/\d+)?|[^[\]/:]+(?:\/\d+)?)(?::(?<from>\d{1,5})(?:-(?<to>\d{1,5}))?)?(?:\/(?<protocol>any|tcp|udp|icmp))?$/;
const NAME = /^(?:\*|(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)$/;

/** @throws NookError `bad_params` */
export function parseTarget(text: string): EgressTarget {
  const { where, from, to, protocol } = PATTERN.exec(text.toLowerCase())?.groups ?? {};
  if (where === undefined) throw unreadable(text, 'is no destination');
  const ports = from === undefined ? undefined : { from: port(from, text), to: port(to ?? from, text) };
  if (ports && ports.from > ports.to) throw unreadable(text, 'has ports that end before they begin');
  if (ports && protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp') {
    throw unreadable(text, `has a port, which ${protocol} has not`);
  }
  const by = {
    protocol: (protocol ?? (ports ? 'tcp' : 'any')) as EgressTarget['protocol'],
    ...(ports ? { ports } : {}),
  };
  const place = where.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const cidr = canonicalRange(place);
  if (cidr !== undefined) return { cidr, ...by };
  // What looks like an address and is none would be a name that nobody has.
  if (place.length <= 253 && NAME.test(place) && !/(?:^|\.)\d+$/.test(place)) return { name: place, ...by };
  throw unreadable(text, 'names neither a name nor addresses');
}

/** What {@link parseTarget} reads as the same. */
export function formatTarget({ name, cidr = '', protocol, ports }: EgressTarget): string {
  const range = cidr.replace(cidr.includes(':') ? /\/128$/ : /\/32$/, '');
  const where = name ?? (ports && range.includes(':') ? `[${range}]` : range);
  const at = ports === undefined ? '' : `:${ports.from}${ports.to === ports.from ? '' : `-${ports.to}`}`;
  return `${where}${at}${protocol === (ports ? 'tcp' : 'any') ? '' : `/${protocol}`}`;
}

/** Whether a name is among those that a pattern of a target stands for. */
export function matchesName(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) && name.length >= pattern.length : name === pattern;
}

function port(digits: string, text: string): number {
  const value = Number(digits);
  if (value >= 1 && value <= 65_535) return value;
  throw unreadable(text, `has port ${digits}, which is not between 1 and 65535`);
}

function unreadable(text: string, why: string): NookError {
  return new NookError('bad_params', `'${text}' ${why}.`, { hint: `Write it as ${FORM}` });
}
