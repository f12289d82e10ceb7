import { NookError } from '@nook/daemonapi';
import type { Pin } from '@nook/netstate';
import type { Answered } from '../names/addresses-of.ts';
import type { Member } from './nethost-spec.ts';
import type { Realisation } from './realisation.ts';

/** A guest may be slow to use what it was answered, and many ignore a TTL that is very short. */
const FLOOR_SECONDS = 60;
const MOST_SECONDS = 24 * 3600;
/** Addresses that one guest has pinned at a time: what a name server of its own could not exceed. */
const MOST = 1024;

/** The destinations that guests may reach for the time being, as this process has told the rules. */
export class Pins {
  readonly #where: () => Pick<Realisation, 'pin' | 'shared'>;
  /** Guest → what it reaches until when (milliseconds since the epoch). */
  readonly #until = new Map<string, Map<string, number>>();

  constructor(where: () => Pick<Realisation, 'pin' | 'shared'>) {
    this.#where = where;
  }

  /**
   * Lets a guest reach what it is about to be answered.
   * @throws NookError `unavailable` when it has too much already; those of {@link Realisation.pin}
   */
  async add(member: Member, answered: readonly Answered[], pinned: readonly Pin['pinned'][]): Promise<void> {
    const where = this.#where();
    const now = Date.now();
    const known = this.#of(member.vm, now);
    const pins: Pin[] = [];
    for (const { address, ttl } of answered) {
      const guest = address.includes(':') ? member.address6 : member.address;
      const seconds = Math.min(Math.max(ttl, FLOOR_SECONDS), MOST_SECONDS);
      for (const each of pinned) {
        const key = JSON.stringify([address, each]);
        if (!where.shared && (known.get(key) ?? 0) >= now + seconds * 1000) continue;
        if (!known.has(key) && known.size + pins.length >= MOST)
          throw new NookError('unavailable', `'${member.name}' has ${MOST} addresses pinned.`);
        pins.push({ pinned: each, guest, destination: address, seconds });
      }
    }
    await where.pin(pins);
    for (const { pinned: each, destination, seconds } of pins) {
      known.set(JSON.stringify([destination, each]), now + seconds * 1000);
    }
  }

  /** The rules were made anew, or are other ones. */
  forget(vm?: string): void {
    if (vm === undefined) this.#until.clear();
    else this.#until.delete(vm);
  }

  #of(vm: string, now: number): Map<string, number> {
    const known = this.#until.get(vm) ?? new Map<string, number>();
    for (const [key, until] of known) if (until <= now) known.delete(key);
    this.#until.set(vm, known);
    return known;
  }
}
