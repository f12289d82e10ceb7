import { runCommand, startTestDaemon } from '@nook/testkit';
import { expect, test } from 'vitest';
import { greet } from './cli/greet.ts';
import { plugin } from './plugin.ts';

test('greets over the socket, and tells about it', async () => {
  await using daemon = await startTestDaemon({ plugins: [plugin] });
  const greeted = daemon.nextEvent('template-name.*');
  const answer = await daemon.call('template-name.greet', { name: 'you' });
  expect(answer).toEqual({ text: 'Hello, you!' });
  expect(await greeted).toMatchObject({ data: { name: 'you' } });
  const refused = daemon.call('template-name.greet', { name: '' });
  await expect(refused).rejects.toMatchObject({ code: 'bad_params' });
});

test('greets as it is configured', async () => {
  await using daemon = await startTestDaemon({ plugins: [plugin] });
  await daemon.reload({ [plugin.name]: { greeting: 'Good morning' } });
  expect(daemon.capability('templateName').greet('you')).toBe('Good morning, you!');
  const { stdout } = await runCommand(daemon, greet, { positionals: { name: 'you' } });
  expect(stdout).toBe('Good morning, you!\n');
});

test('the doctor warns of a long greeting', async () => {
  const config = { [plugin.name]: { greeting: 'Hello and welcome '.repeat(5) } };
  await using daemon = await startTestDaemon({ plugins: [plugin], config });
  const { findings } = await daemon.doctor();
  expect(findings.find(({ item }) => item === 'greeting')?.status).toBe('warning');
});
