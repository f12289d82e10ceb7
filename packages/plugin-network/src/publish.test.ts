import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
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

  it.each(['', '80', 'a:b', '0:80', '80:70000', '1.2.3:80:80', '999.0.0.1:80:80', '80:80/sctp', '8080:80,x=y'])(
    'refuses %j',
    (text) => {
      expect(() => parsePublish(text)).toThrow(expect.objectContaining({ code: 'bad_params' }));
    },
  );

  it('may have port 0 of the host only where one is picked', async () => {
    const asked = parsePublish('0:80', { pick: true });
    expect(asked).toMatchObject({ host_port: 0, guest_port: 80 });
    expect(() => parsePublish('80:0', { pick: true })).toThrow(expect.objectContaining({ code: 'bad_params' }));
    const picked = { ...asked, host_port: await pickFree(asked) };
    expect(picked.host_port).toBeGreaterThan(0);
    await requireFree(picked);
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
