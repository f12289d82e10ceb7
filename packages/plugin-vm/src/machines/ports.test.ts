import { describe, expect, it } from 'vitest';
import { matchPorts } from './ports.ts';

const tcp = (address: string, port: number) => ({ protocol: 'tcp' as const, address, port, uid: 0 });
const published = (guest_port: number, protocol = 'tcp') => ({
  ...{ protocol, host_address: '127.0.0.1', host_port: 8000 + guest_port, guest_port },
});

describe('the ports of a VM', () => {
  it('that are published reach a listener, or say why not', () => {
    const listeners = [tcp('0.0.0.0', 80), tcp('127.0.0.1', 5432), tcp('::1', 5433), tcp('::ffff:7f00:1', 5434)];
    const publish = [
      published(80),
      published(5432),
      published(5433),
      published(5434),
      published(22),
      published(80, 'udp'),
    ];
    const { published: seen } = matchPorts({ listeners, more: 0 }, publish);
    expect(seen.map(({ guest_port, protocol, reached }) => `${guest_port}/${protocol} ${reached}`)).toEqual([
      '80/tcp yes',
      '5432/tcp loopback_only',
      '5433/tcp loopback_only',
      '5434/tcp loopback_only',
      '22/tcp no_listener',
      '80/udp no_listener',
    ]);
  });

  it('are listed once each, with where they are published', () => {
    const listeners = [tcp('::', 443), tcp('0.0.0.0', 80), tcp('0.0.0.0', 80)];
    expect(matchPorts({ listeners, more: 2 }, [published(443)])).toMatchObject({
      listeners: [
        { port: 80, published: [] },
        { port: 443, published: [published(443)] },
      ],
      more: 2,
    });
  });
});
