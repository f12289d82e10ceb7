import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from './harness/eventually.ts';
import { Home } from './harness/home.ts';

function daemonsOf(home: Home): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return (
        argv.includes('nookd.mjs') && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`NOOK_HOME=${home.dir}\0`)
      );
    } catch {
      return false;
    }
  });
}

describe('two at once', () => {
  it('first commands start one daemon', async () => {
    await using home = await Home.create();
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => home.nook(['vm', 'list', '--json'])));
    expect(outcomes.map(({ code, stdout }) => [code, stdout.trim()])).toEqual(Array(4).fill([0, '[]']));
    expect(daemonsOf(home)).toHaveLength(1);
  });

  it('creates of one name: one wins, the other gets already_exists', async () => {
    await using home = await Home.create();
    const create = () => home.nook(['vm', 'create', '--name', 'a', '--image', 'busybox', '--json']);
    const outcomes = await Promise.all([create(), create(), create()]);
    expect(outcomes.filter(({ code }) => code === 0)).toHaveLength(1);
    for (const { stderr } of outcomes.filter(({ code }) => code !== 0)) expect(stderr).toContain('already_exists');
    expect(await home.json('vm', 'list')).toHaveLength(1);
  });

  it('pulls of one image share one, also between two homes with one store', async () => {
    const store = await Home.create();
    await using one = await Home.create({ store: join(store.dir, 'store') });
    await using two = await Home.create({ store: join(store.dir, 'store') });
    const pulls = [one, one, two].map((home) => home.nook(['image', 'pull', 'busybox', '--json']));
    const digests = (await Promise.all(pulls)).map(({ stdout }) => JSON.parse(stdout).digest);
    expect(new Set(digests).size).toBe(1);
    await store[Symbol.asyncDispose]();
  });

  it('verbs on one machine wait for each other', async () => {
    await using home = await Home.create();
    await home.ok('vm', 'create', '--name', 'a', '--image', 'busybox');
    const outcomes = await Promise.all(['start', 'start', 'start'].map((verb) => home.nook(['vm', verb, 'a'])));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await home.surplus()).toEqual([]);
    const [stopped, killed] = await Promise.all([home.nook(['vm', 'stop', 'a']), home.nook(['vm', 'kill', 'a'])]);
    expect([stopped.code, killed.code]).toEqual([0, 0]);
    expect(await home.json('vm', 'show', 'a')).toMatchObject({ state: 'stopped' });
  });

  it('a stop and a removal give up a start in progress, and leave nothing', async () => {
    await using home = await Home.create();
    await home.ok('vm', 'create', '--name', 'a', '--image', 'busybox');
    const starting = home.nook(['vm', 'start', 'a']);
    await home.nook(['vm', 'list']);
    await home.ok('vm', 'rm', '--force', 'a');
    const { code, stderr } = await starting;
    if (code !== 0) expect(stderr).toMatch(/given up|not_found|was removed|There is no VM/);
    expect(await home.json('vm', 'list')).toEqual([]);
    // One that a run has made goes with the run, too.
    const running = home.nook(['vm', 'run', '-d', '--name', 'b', '--image', 'busybox']);
    const states = async () => (await home.json<{ state: string }[]>('vm', 'list')).map(({ state }) => state);
    await eventually('the VM starts', states, ([state]) => state === 'starting' || state === 'running');
    await home.ok('vm', 'rm', '--force', 'b');
    await running;
    expect(await home.json('vm', 'list')).toEqual([]);
    expect(existsSync(join(home.dir, 'state/vms')) ? readdirSync(join(home.dir, 'state/vms')) : []).toEqual([]);
  });
});
