import { NookError } from '@nook/daemonapi';
import { type ToldPacket, watchPackets } from '@nook/netstate';

/** A bridge has one; more than there may be bridges. */
const MOST = 128;

interface Watcher {
  readonly bridge: string;
  onPacket(packet: ToldPacket): void;
  /** The watching is over. */
  onEnd(why: string): void;
}

/** Tells who watches a bridge of what its guests are refused, and of what is audited: by one program for all bridges. */
export class PacketWatches {
  readonly #bridgeOf: (guest: string) => string | undefined;
  readonly #watchers = new Set<Watcher>();
  #stop: (() => void) | undefined;

  /** @param bridgeOf the bridge of the guest that has this address */
  constructor(bridgeOf: (guest: string) => string | undefined) {
    this.#bridgeOf = bridgeOf;
  }

  /** @returns the call that ends it @throws NookError `unavailable` when nft is not installed, or too many watch */
  add(watcher: Watcher): () => void {
    if (this.#watchers.size >= MOST) throw new NookError('unavailable', `${MOST} watch already.`);
    this.#stop ??= watchPackets(
      (packet) => this.#tell(packet),
      (why) => this.#end(why),
    );
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#halt();
    };
  }

  #tell(packet: ToldPacket): void {
    const bridge = this.#bridgeOf(packet.source);
    for (const watcher of this.#watchers) if (watcher.bridge === bridge) watcher.onPacket(packet);
  }

  #end(why: string): void {
    this.#stop = undefined;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const { onEnd } of watchers) onEnd(why);
  }

  #halt(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
