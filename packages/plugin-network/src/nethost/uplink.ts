import { once } from 'node:events';
import { connect } from 'node:net';
import { NookError } from '@nook/daemonapi';
import type { PublishedPort } from '../contract.ts';
import { NETHOST_FILES } from './nethost-spec.ts';

/** The namespace's own address on the uplink, as slirp4netns configures it. */
export const UPLINK_ADDRESS = '10.0.2.100';
/** Forwards end at ports of the namespace from this one on, from where the rules lead them to guests. */
const FIRST_PORT = 20_000;
const ANSWER_MS = 5_000;

interface Forward {
  readonly port: PublishedPort;
  /** In the namespace. */
  readonly inner: number;
  /** slirp4netns's own; absent until it listens. */
  id?: number;
}

/** Ports of the host that lead into the namespace: slirp4netns listens on them. */
export class Uplink {
  readonly #forwards = new Map<string, Forward>();

  /** The port of the namespace that stands for this one of the host. */
  inner(port: PublishedPort): number {
    const key = keyOf(port);
    const known = this.#forwards.get(key);
    if (known) return known.inner;
    const taken = new Set([...this.#forwards.values()].map(({ inner }) => inner));
    let inner = FIRST_PORT;
    while (taken.has(inner)) inner++;
    this.#forwards.set(key, { port, inner });
    return inner;
  }

  /**
   * Listens on these ports and no others.
   * @throws NookError `conflict` when one of the host is taken
   */
  async listen(ports: readonly PublishedPort[]): Promise<void> {
    const wanted = new Set(ports.map(keyOf));
    for (const [key, { id }] of this.#forwards) {
      if (wanted.has(key)) continue;
      if (id !== undefined) await ask('remove_hostfwd', { id });
      this.#forwards.delete(key);
    }
    for (const forward of this.#forwards.values()) {
      if (forward.id === undefined) forward.id = await this.#add(forward);
    }
  }

  async #add({ port, inner }: Forward): Promise<number> {
    const { protocol: proto, host_address: host_addr, host_port } = port;
    try {
      const { id } = await ask('add_hostfwd', {
        ...{ proto, host_addr, host_port, guest_addr: UPLINK_ADDRESS, guest_port: inner },
      });
      return Number(id);
    } catch (cause) {
      this.#forwards.delete(keyOf(port));
      throw new NookError('conflict', `The host's ${keyOf(port)} cannot be published: ${(cause as Error).message}.`, {
        hint: 'Choose another host port; 0 picks one that is free.',
        cause,
      });
    }
  }
}

function keyOf({ host_address, host_port, protocol }: PublishedPort): string {
  return `${host_address}:${host_port}/${protocol}`;
}

/** One request and one answer, as slirp4netns(1) has it under "API SOCKET". */
async function ask(execute: string, parameters: object): Promise<Record<string, unknown>> {
  // Relative: the limit for paths of sockets is shorter than that of folders.
  const socket = connect({ path: NETHOST_FILES.uplink, allowHalfOpen: true });
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = once(socket, 'end', { signal });
    socket.end(JSON.stringify({ execute, arguments: parameters }));
    await ended;
    const answer = JSON.parse(text) as { return?: Record<string, unknown>; error?: { desc?: string } };
    if (answer.error) throw new Error(answer.error.desc ?? 'slirp4netns refused');
    return answer.return ?? {};
  } finally {
    socket.destroy();
  }
}
