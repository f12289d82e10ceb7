import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { choosePorts } from './choose-ports.ts';
import { pickFree, requireFree } from './free-port.ts';
import { parsePublish } from './publish.ts';
import { checkUser, isMode, planUser } from './user-network.ts';

describe('published ports', () => {
  it('bind to loopback unless asked otherwise', () => {
    expect(parsePublish('8080:80')).toEqual({
      protocol: 'tcp',
      host_address: '127.0.0.1',
      host_port: 8080,
      guest_port: 80,
    });
    expect(parsePublish('0.0.0.0:53:5353/udp')).toEqual({
      protocol: 'udp',
      host_address: '0.0.0.0',
      host_port: 53,
      guest_port: 5353,
    });
  });

  it.each(['', '80', 'a:b', '80:0', '80:70000', '1.2.3:80:80', '999.0.0.1:80:80', '80:80/sctp', '8080:80,x=y'])(
    'refuses %j',
    (text) => {
      expect(() => parsePublish(text)).toThrow(expect.objectContaining({ code: 'bad_params' }));
    },
  );

  it('may have port 0 of the host: one is picked', async () => {
    const asked = parsePublish('0:80');
    expect(asked).toMatchObject({ host_port: 0, guest_port: 80 });
    const picked = { ...asked, host_port: await pickFree(asked) };
    expect(picked.host_port).toBeGreaterThan(0);
    await requireFree(picked);
  });

  it('are chosen for port 0 and for what an image exposes, each its own', async () => {
    const spec = checkUser({ publish: ['0:80', '0:81', '0:53/udp', '127.0.0.1:0:80'] });
    const { publish } = await choosePorts(spec, ['80/tcp', '443', '53/tcp', '53/udp', '9/sctp', '0', '70000/tcp']);
    expect(publish.map(({ guest_port, protocol }) => `${guest_port}/${protocol}`)).toEqual([
      ...['80/tcp', '81/tcp', '53/udp', '80/tcp', '443/tcp', '53/tcp'],
    ]);
    const hosts = publish.map(({ host_port }) => host_port);
    expect(Math.min(...hosts)).toBeGreaterThan(0);
    expect(new Set(hosts).size).toBe(hosts.length);
  });

  it('are refused without a network, twice, and on an unknown network', () => {
    const refused = expect.objectContaining({ code: 'bad_params' });
    expect(() => checkUser({ mode: 'none', publish: ['1:1'] })).toThrow(refused);
    expect(() => checkUser({ publish: ['8080:80', '8080:81'] })).toThrow(refused);
    expect(isMode('brige')).toBe(false);
  });

  it('that are taken are a conflict', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const taken = parsePublish(`${port}:80`);
    await expect(requireFree(taken)).rejects.toMatchObject({ code: 'conflict' });
    await expect(planUser(checkUser({ publish: [`${port}:80`] }))).rejects.toMatchObject({
      code: 'conflict',
    });
    server.close();
    await once(server, 'close');
    await expect(requireFree(taken)).resolves.toBeUndefined();
  });
});
