import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, NookError } from '@nook/daemonapi';
import { type DesiredStateInput, type Difference, openTap, readDesiredState } from '@nook/netstate';
import { writeFileAtomic } from '@nook/wire';
import type { PublishedPort } from '../contract.ts';
import type { Egress } from './egress.ts';
import { membersOnDisk } from './members-on-disk.ts';
import { type Member, NETHOST_FILES, type NethostSpec } from './nethost-spec.ts';
import type { Realisation } from './realisation.ts';
import { tapName } from './tap-name.ts';

/** The port that guests ask for names at. */
const DNS_PORT = 53;

interface MembersParts {
  readonly dir: string;
  readonly log: Logger;
  readonly egress: Egress;
  readonly realisation: Realisation;
}

/** The VMs on a network, and its namespace made to fit them. */
export class Members {
  readonly #spec: NethostSpec;
  readonly #dir: string;
  readonly #egress: Egress;
  readonly #log: Logger;
  readonly #members = new Map<string, Member>();
  /** VMs that are about to join: their places are made ready beside their start. */
  readonly #expected = new Map<string, Member>();
  /** Of an earlier nethost, and not seen by this one. */
  readonly #missing = new Set<string>();
  /** Taps that wait to be taken over by a machine, by VM. */
  readonly #taps = new Map<string, number>();
  readonly #realisation: Realisation;
  /** What stands in the file of members. */
  #written = '';
  #turn: Promise<unknown> = Promise.resolve();

  constructor(spec: NethostSpec, { dir, log, egress, realisation }: MembersParts) {
    this.#spec = spec;
    this.#egress = egress;
    this.#realisation = realisation;
    this.#dir = dir;
    this.#log = log;
    for (const member of membersOnDisk(dir)) {
      this.#members.set(member.vm, member);
      this.#missing.add(member.vm);
    }
  }

  /** Those that an earlier nethost had and that will not join this one. @returns how many still may */
  forgetMissing(): number {
    for (const vm of this.#missing) {
      if (isThere(this.#members.get(vm)?.held?.pid)) continue;
      this.#members.delete(vm);
      this.#missing.delete(vm);
    }
    return this.#missing.size;
  }

  all(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Also before there is any member: the bridge and its rules. */
  apply(): Promise<void> {
    return this.inTurn(async () => {
      // Who joins meanwhile is not part of what is made, and its ports must not be listened on before it is.
      const ports = this.#confirmed().flatMap(({ publish }) => publish);
      await Promise.all([this.#realisation.make(readDesiredState(this.#desired())), this.#write()]);
      await this.#realisation.listen(ports);
    });
  }

  /** What is not as it is to be. */
  differences(): Promise<readonly Difference[]> {
    return this.inTurn(async () => (await this.#realisation.differences?.(readDesiredState(this.#desired()))) ?? []);
  }

  /** Makes it so, whatever was done to it. */
  async repair(): Promise<void> {
    await this.inTurn(async () => this.#realisation.doubt?.());
    await this.apply();
  }

  /** Does something while nobody else changes the namespace. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #write(): Promise<void> {
    const text = JSON.stringify(this.all());
    if (text === this.#written) return;
    // For the next nethost. Where the host itself went down, there are no members either.
    await writeFileAtomic(join(this.#dir, NETHOST_FILES.members), text, { durable: false });
    this.#written = text;
  }

  /** Makes the place of a VM that is about to join ready; a failure is told to it when it does. */
  expect(member: Member): void {
    if (this.#members.has(member.vm)) return;
    this.#egress.forget(member.vm);
    this.#expected.set(member.vm, member);
    this.apply().catch((error: Error) => {
      this.#log.warn({ vm: member.name, error: error.message }, 'the place of a VM could not be made ready');
      if (this.#expected.get(member.vm) === member) this.forget(member.vm);
    });
  }

  /** It does not come. */
  forget(vm: string): void {
    this.#expected.delete(vm);
  }

  /** @returns the descriptor of the VM's tap, to be taken over before {@link taken} */
  async join(member: Member, { attached }: { readonly attached: boolean }): Promise<number | undefined> {
    // What was published of it meanwhile, its vmhost has not heard of.
    const { publish } = (this.#missing.has(member.vm) && this.#members.get(member.vm)) || member;
    this.#egress.forget(member.vm);
    this.#members.set(member.vm, { ...member, publish });
    this.#expected.delete(member.vm);
    this.#missing.delete(member.vm);
    try {
      await this.apply();
      if (attached) return undefined;
      this.taken(member.vm);
      const fd = openTap(tapName(member.vm));
      this.#taps.set(member.vm, fd);
      return fd;
    } catch (error) {
      this.leave(member);
      throw error;
    }
  }

  /** @throws NookError `not_found` when it is not on the network, `conflict` when a port of the host is taken */
  async publish(vm: string, publish: readonly PublishedPort[]): Promise<void> {
    const member = this.#members.get(vm);
    if (!member) throw new NookError('not_found', 'The VM is not on this network.');
    this.#members.set(vm, { ...member, publish });
    try {
      await this.apply();
    } catch (error) {
      this.#members.set(vm, member);
      await this.apply();
      throw error;
    }
  }

  /** What a VM may reach was changed by the daemon. @throws NookError `not_found` when it is not on the network */
  async changeEgress(vm: string): Promise<void> {
    if (!this.#members.has(vm)) throw new NookError('not_found', 'The VM is not on this network.');
    this.#egress.forget(vm);
    await this.apply();
  }

  /** Before the VMs of an earlier nethost are back there is no uplink to listen yet. */
  #confirmed(): readonly Member[] {
    return this.#placed().filter(({ vm }) => !this.#missing.has(vm));
  }

  #placed(): readonly Member[] {
    return [...this.#members.values(), ...this.#expected.values()];
  }

  /** The VM's machine has its tap: nobody else needs it. */
  taken(vm: string): void {
    const fd = this.#taps.get(vm);
    if (fd === undefined) return;
    this.#taps.delete(vm);
    closeSync(fd);
  }

  rename(vm: string, name: string): void {
    const member = this.#members.get(vm);
    if (member) this.#members.set(vm, { ...member, name });
  }

  /** @param member as it joined: the VM may have come back meanwhile */
  leave(member: Member): void {
    if (this.#members.get(member.vm)?.held?.pid !== member.held?.pid) return;
    this.#members.delete(member.vm);
    this.taken(member.vm);
  }

  #desired(): DesiredStateInput {
    const { gateway, gateway6, isolated, mtu } = this.#spec;
    const { bridge, ownerUid, dnsPort } = this.#realisation;
    const served_at = dnsPort === DNS_PORT ? undefined : dnsPort;
    const services = (['udp', 'tcp'] as const).map((protocol) => ({ protocol, port: DNS_PORT, served_at }));
    return {
      bridges: [{ name: bridge, addresses: [gateway, gateway6], services, mtu }],
      taps: this.#placed().map(({ vm, mac, address, address6 }) => ({
        ...{ name: tapName(vm), bridge, owner_uid: ownerUid, mac, addresses: [address, address6] },
      })),
      egress: this.#egress.desired(this.#placed()),
      traced: true,
      nat: isolated ? [] : [{ bridge }],
      forwards: this.#confirmed().flatMap(({ address, publish }) =>
        publish.map((port) => ({
          ...{ protocol: port.protocol, ...this.#realisation.arrival(port) },
          ...{ guest_address: address, guest_port: port.guest_port },
        })),
      ),
    };
  }
}

/** A process of this user. */
function isThere(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}
