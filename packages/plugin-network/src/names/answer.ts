import packet, { type Answer, type Packet, type Question } from 'dns-packet';
import { plain } from './addresses-of.ts';
import { DOMAIN } from './domain.ts';

/** RFC 1035, 4.1.1 */
const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
/** A VM that ends, comes back or is renamed is seen as what it is within this time. */
const TTL_SECONDS = 1;

/** A VM as its network's name server knows it. */
export interface Host {
  /** Without the domain. */
  readonly name: string;
  readonly address: string;
  readonly address6: string;
}

/** What becomes of a query: an answer of ours, or the question for the next server. */
export type Verdict = { readonly answer: Buffer } | 'forward' | 'drop';

/** Answers for `NAME.nook` and the addresses of VMs; everything else is for others to answer. */
export function answerQuery(query: Buffer, hosts: readonly Host[]): Verdict {
  const asked = decode(query);
  if (asked === undefined || asked.type !== 'query') return 'drop';
  const [question, ...more] = asked.questions ?? [];
  if (question === undefined || more.length > 0) return { answer: respond(asked, { rcode: RCODE.FORMERR }) };
  const name = plain(question.name);
  if (name === DOMAIN || name.endsWith(`.${DOMAIN}`)) return { answer: ownName(asked, { question, name, hosts }) };
  const host = hosts.find(({ address, address6 }) => name === reverse4(address) || name === reverse6(address6));
  if (host === undefined) return 'forward';
  const pointer: Answer = { type: 'PTR', name: question.name, ttl: TTL_SECONDS, data: `${host.name}.${DOMAIN}` };
  return { answer: respond(asked, { answers: question.type === 'PTR' ? [pointer] : [] }) };
}

/** For a query that nobody answers. @returns undefined when it is none */
export function failure(query: Buffer, why: 'SERVFAIL' | 'REFUSED'): Buffer | undefined {
  const asked = decode(query);
  return asked && respond(asked, { rcode: RCODE[why], authoritative: false });
}

/** RFC 8914, 4.16 */
const BLOCKED = 15;

/**
 * For a name that the guest may not know. Not REFUSED, which the resolvers of many guests take for a server that is
 * to be asked again, and wait; who can read it finds the reason beside it.
 */
export function forbidden(query: Buffer): Buffer | undefined {
  const asked = decode(query);
  if (asked === undefined) return undefined;
  const code = Buffer.alloc(2);
  code.writeUInt16BE(BLOCKED);
  const data = Buffer.concat([code, Buffer.from('egress policy')]);
  const why: Answer = {
    ...{ type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false },
    // Its types name fewer options than it writes.
    options: [{ code: BLOCKED, data } as never],
  };
  const additionals = asked.additionals?.some(({ type }) => type === 'OPT') ? [why] : [];
  return respond(asked, { rcode: RCODE.NXDOMAIN, authoritative: false, additionals });
}

/** In small letters, without a dot at its end; undefined for what asks for no one name. */
export function questionName(query: Buffer): string | undefined {
  const [question, ...more] = decode(query)?.questions ?? [];
  return question === undefined || more.length > 0 ? undefined : plain(question.name);
}

interface OwnQuestion {
  readonly question: Question;
  readonly name: string;
  readonly hosts: readonly Host[];
}

function ownName(asked: Packet, { question, name, hosts }: OwnQuestion): Buffer {
  const host = hosts.find((each) => `${each.name}.${DOMAIN}` === name);
  if (host === undefined && name !== DOMAIN) return respond(asked, { rcode: RCODE.NXDOMAIN });
  const { type } = question;
  const answers: Answer[] = [];
  const common = { name: question.name, ttl: TTL_SECONDS };
  if (host && type === 'A') answers.push({ ...common, type: 'A', data: host.address });
  if (host && type === 'AAAA') answers.push({ ...common, type: 'AAAA', data: host.address6 });
  return respond(asked, { answers });
}

interface Response {
  readonly answers?: readonly Answer[];
  readonly rcode?: number;
  readonly authoritative?: boolean;
  readonly additionals?: readonly Answer[];
}

function respond(asked: Packet, response: Response): Buffer {
  const { answers = [], rcode = RCODE.NOERROR, authoritative = true, additionals = [] } = response;
  const flags =
    ((asked.flags ?? 0) & packet.RECURSION_DESIRED) |
    packet.RECURSION_AVAILABLE |
    (authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
    rcode;
  return packet.encode({
    type: 'response',
    id: asked.id ?? 0,
    flags,
    questions: asked.questions ?? [],
    answers: [...answers],
    additionals: [...additionals],
  });
}

function decode(query: Buffer): Packet | undefined {
  try {
    return packet.decode(query);
  } catch {
    return undefined;
  }
}

function reverse4(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
}

/** @param address as this plugin writes them: four groups at most, `::`, one group */
function reverse6(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':');
  const all = [...groups, ...Array<string>(7 - groups.length).fill('0'), tail];
  const digits = all.map((group) => group.padStart(4, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}
