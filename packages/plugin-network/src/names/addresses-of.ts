import packet from 'dns-packet';

/** An address that an answer gives. */
export interface Answered {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** One answer does not bring more. */
const MOST = 64;

/** The addresses that an answer gives to the name that was asked for, also by way of other names (CNAME). */
export function addressesOf(name: string, answer: Buffer): Answered[] {
  const { answers = [] } = packet.decode(answer);
  const names = new Set([name]);
  // A chain is in order as a rule, and never longer than the answer.
  for (let before = 0; before !== names.size; ) {
    before = names.size;
    for (const each of answers) if (each.type === 'CNAME' && names.has(plain(each.name))) names.add(plain(each.data));
  }
  return answers
    .flatMap((each) =>
      (each.type === 'A' || each.type === 'AAAA') && names.has(plain(each.name))
        ? [{ address: each.data, ttl: each.ttl ?? 0 }]
        : [],
    )
    .slice(0, MOST);
}

/** As names are compared. */
export function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
