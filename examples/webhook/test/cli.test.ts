import { runCommand } from '@nook/testkit';
import { expect, test } from 'vitest';
import { set } from '../src/cli/set.ts';
import { stats } from '../src/cli/stats.ts';
import { webhookDaemon } from './webhook-daemon.ts';

test('set and stats', async () => {
  await using daemon = await webhookDaemon();
  const url = 'http://127.0.0.1:9/hook';
  expect((await runCommand(daemon, set, { positionals: { url } })).stdout).toBe('events go to http://127.0.0.1:9\n');
  const shown = await runCommand(daemon, stats);
  expect(shown.stdout).toMatch(/^TARGET .*\nhttp:\/\/127\.0\.0\.1:9 {2}closed {2}0 {2}0 {2}0 {2}0 {2}-\n$/);
  expect((await runCommand(daemon, set, { options: { off: true } })).stdout).toBe('events go nowhere\n');
  expect(JSON.parse((await runCommand(daemon, stats, { json: true })).stdout)).toMatchObject({ target: null });
  await expect(runCommand(daemon, set)).rejects.toMatchObject({ code: 'bad_params' });
});
