import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Receiver } from '../../examples/webhook/test/receiver.ts';
import { Home, ROOT } from '../harness/home.ts';

const EXAMPLE = join(ROOT, 'examples/custom-daemon');
const TSX = join(ROOT, 'node_modules/.bin/tsx');
const SECRET = 'a secret of the tests';

it('the life of a real machine reaches a webhook, signed and in order', async () => {
  await using receiver = await Receiver.create();
  await using home = await Home.create({ program: [TSX, join(EXAMPLE, 'nook.ts')] });
  await mkdir(join(home.dir, 'config'), { mode: 0o700, recursive: true });
  const config = [
    '[daemon]',
    `command = ${JSON.stringify([TSX, join(EXAMPLE, 'nookd.ts')])}`,
    '[webhook]',
    `secret = "${SECRET}"`,
    `url = "${receiver.url()}"`,
  ];
  await writeFile(join(home.dir, 'config/config.toml'), config.join('\n'), { mode: 0o600 });

  await home.ok('vm', 'run', '--rm', '--name', 'box', '--image', 'busybox', '--memory', '256M', '--', 'true');
  // A stop delivers what waits.
  await home.ok('daemon', 'stop');
  const told = receiver.received.map(({ headers, body }) => {
    const signature = createHmac('sha256', SECRET).update(`${headers['x-nook-timestamp']}.${body}`).digest('hex');
    expect(headers['x-nook-signature']).toBe(`sha256=${signature}`);
    const { topic, data } = JSON.parse(body) as { topic: string; data: { name: string; state?: string } };
    expect(data.name).toBe('box');
    return data.state ?? topic;
  });
  expect(told).toEqual(expect.arrayContaining(['starting', 'running', 'vm.removed']));
  expect(told.indexOf('starting')).toBeLessThan(told.indexOf('running'));
  expect(told.at(-1)).toBe('vm.removed');
});
