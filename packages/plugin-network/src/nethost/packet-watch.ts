import type { Logger } from '@nook/daemonapi';
import type { Recorded, ToldPacket } from '@nook/netstate';
import type { EgressBlocked, UsedTarget } from '../contract.ts';
import { formatTarget } from '../egress/targets.ts';
import { DOMAIN } from '../names/domain.ts';
import { Blocks, isMulticast } from './blocks.ts';
import type { Egress } from './egress.ts';
import type { KnownNames } from './known-names.ts';
import { type Member, memberAt, type NethostSpec } from './nethost-spec.ts';
import type { Realisation } from './realisation.ts';
import type { Reports } from './reports.ts';
import { Used } from './used.ts';

/** After a packet was told of: whether others were too many to be told of. */
const COUNT_MS = 2_000;
const DNS = 53;
/**
 * Until a watching that ended is begun again, longer each time that it does not last: nobody tells when a root helper is back.
 */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

interface WatchParts {
  readonly spec: NethostSpec;
  readonly dir: string;
  readonly log: Logger;
  readonly names: KnownNames;
  readonly reports: Reports;
  readonly realisation: Realisation;
  readonly members: () => readonly Member[];
  readonly egress: Egress;
}

/** Sees what the rules refuse and what they record, and makes reports and a list of what was used of it. */
export class PacketWatch {
  readonly #parts: WatchParts;
  readonly #blocks: Blocks;
  readonly #used: Used;
  #counting: NodeJS.Timeout | undefined;
  /** Why nothing is seen. */
  unreported: string | undefined;
  #watching = false;
  #pauseMs = FIRST_PAUSE_MS;
  #again: NodeJS.Timeout | undefined;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const { gateway, gateway6, name } = parts.spec;
    this.#blocks = new Blocks(
      name,
      [gateway, gateway6].map((each) => each.split('/')[0] as string),
    );
    this.#used = new Used(parts.dir, parts.log);
  }

  /** Nothing where it is under way. */
  start(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.unreported = undefined;
    clearTimeout(this.#again);
    const began = performance.now();
    this.#parts.realisation.watch(
      (packet) => this.#packet(packet),
      (why) => this.#onEnd(why, performance.now() - began),
    );
  }

  #onEnd(why: string, lastedMs: number): void {
    this.#watching = false;
    this.unreported = why;
    this.#parts.log.error({ why }, 'blocks are not seen');
    if (lastedMs >= LONGEST_PAUSE_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#again = setTimeout(() => this.start(), this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  /** @param name that was not answered */
  refusedName(member: Member, name: string): void {
    this.#report(member, { name, protocol: 'udp', port: DNS });
  }

  /** With what the rules have recorded and no packet was told of. @throws NookError */
  async used(vm: string): Promise<readonly UsedTarget[]> {
    for (const each of await this.#parts.realisation.recorded())
      if (each.record === 'seen' && this.#from(each)?.vm === vm) this.#use(each);
    return this.#used.all(vm);
  }

  #packet(packet: ToldPacket): void {
    this.#counting ??= setTimeout(() => void this.#count(), COUNT_MS);
    if (packet.record === 'seen') this.#use(packet);
    else this.#refused(packet);
  }

  #refused(packet: ToldPacket): void {
    const member = this.#from(packet);
    if (!member) return;
    const { destination, protocol, port } = packet;
    const name = this.#nameOf(member, destination);
    this.#report(member, { destination, ...(name === undefined ? {} : { name }), protocol, port });
  }

  #report(member: Member, attempt: Pick<EgressBlocked, 'destination' | 'name' | 'protocol' | 'port'>): void {
    const { reports, egress, log } = this.#parts;
    const data = this.#blocks.refused(member, egress.rulesOf(member.vm), attempt, Date.now());
    if (data === undefined) return;
    log.debug({ ...data }, 'refused');
    reports.add({ topic: 'net.egress.blocked', data });
  }

  #use(packet: Recorded): void {
    const member = this.#from(packet);
    const { destination, protocol, port } = packet;
    if (!member || isMulticast(destination)) return;
    const name = this.#nameOf(member, destination);
    const where = name === undefined ? { cidr: `${destination}/${destination.includes(':') ? 128 : 32}` } : { name };
    const hasPorts = protocol === 'tcp' || protocol === 'udp';
    const by = hasPorts ? protocol : /icmp/.test(protocol) ? 'icmp' : 'any';
    const ports = hasPorts && port > 0 ? { from: port, to: port } : undefined;
    this.#used.add(member.vm, formatTarget({ ...where, protocol: by, ports }), Date.now());
  }

  #from({ source }: Recorded): Member | undefined {
    return memberAt(this.#parts.members(), source);
  }

  #nameOf({ vm }: Member, destination: string): string | undefined {
    const { members, names } = this.#parts;
    const peer = memberAt(members(), destination);
    return peer ? `${peer.name}.${DOMAIN}` : names.find(vm, destination);
  }

  async #count(): Promise<void> {
    this.#counting = undefined;
    const { reports, spec, log, realisation } = this.#parts;
    try {
      const packets = (await realisation.untold?.()) ?? 0;
      if (packets > 0) reports.add({ topic: 'net.egress.unreported', data: { network: spec.name, packets } });
    } catch (error) {
      log.debug({ error: (error as Error).message }, 'refused packets were not counted');
    }
  }
}
