import type { ListenerView, PublishedPort, PublishedPortView, VmPorts } from '../contract.ts';

/** Matches what the guest listens on with what the host publishes. */
export function matchPorts(
  { listeners, more }: { readonly listeners: readonly Omit<ListenerView, 'published'>[]; readonly more: number },
  publish: readonly PublishedPortView[],
): VmPorts {
  return {
    listeners: merged(listeners).map((listener) => ({
      ...listener,
      published: publish.filter((port) => serves(listener, port)),
    })),
    published: publish.map((port) => ({ ...port, reached: reached(port, listeners) })),
    more,
  };
}

/** Several workers may listen on one port (SO_REUSEPORT). */
function merged<T extends Omit<ListenerView, 'published'>>(listeners: readonly T[]): T[] {
  const known = new Map<string, T>();
  for (const listener of listeners) {
    const key = `${listener.protocol} ${listener.address} ${listener.port}`;
    if (!known.has(key)) known.set(key, listener);
  }
  return [...known.values()].sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
}

function samePort(listener: Omit<ListenerView, 'published'>, port: PublishedPortView): boolean {
  return listener.port === port.guest_port && listener.protocol === port.protocol;
}

/** What is published arrives at the guest's own address, where a listener on the loopback does not hear it. */
function serves(listener: Omit<ListenerView, 'published'>, port: PublishedPortView): boolean {
  return samePort(listener, port) && !/^127\.|^::1$|^::ffff:7f[0-9a-f]{2}:/.test(listener.address);
}

function reached(
  port: PublishedPortView,
  listeners: readonly Omit<ListenerView, 'published'>[],
): PublishedPort['reached'] {
  if (listeners.some((listener) => serves(listener, port))) return 'yes';
  return listeners.some((listener) => samePort(listener, port)) ? 'loopback_only' : 'no_listener';
}
