import { API_VERSION, NookError, type PluginDefinition, type VmFeature } from '@nook/daemonapi';
import { startTestDaemon, type TestDaemon } from '@nook/testkit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { vm } from '../plugin.ts';

const image = { name: 'tiny', digest: 'sha256:0', path: '/nowhere', size_bytes: 1024 ** 2 };

/** What a VM needs that is recorded and never started. */
const fakes = {
  images: { defaultImage: () => 'tiny', ensure: async () => image },
  kernels: { ensure: () => Promise.reject(new NookError('unavailable', 'There are no kernels here.')) },
  network: {
    check: () => ({ mode: 'none' as const, publish: [] }),
    plan: () => Promise.reject(new NookError('unavailable', 'There is no network here.')),
    choosePorts: async (spec: object) => spec,
    allocate: (_vm: string, spec: object) => spec,
    release: () => {},
    unplan: async () => {},
  },
};

function featuresPlugin(name: string, ...features: readonly VmFeature[]): PluginDefinition<string> {
  return {
    name,
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup({ contribute }) {
      for (const feature of features) contribute('vm.feature', feature);
    },
  };
}

const size = z.strictObject({ gigabytes: z.number().min(1).default(4) });

const disk: VmFeature<z.output<typeof size>> = {
  name: 'disk',
  schema: size,
  preflight({ part, name }) {
    if (part.gigabytes > 8)
      throw new NookError('unavailable', `There is no room for ${name}.`, { hint: 'Ask for less.' });
  },
};

function daemonOf(...features: readonly VmFeature[]): Promise<TestDaemon> {
  return startTestDaemon({ plugins: [vm, featuresPlugin('x-features', ...features)], fakes: fakes as never });
}

const failureOf = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);

describe('a request', () => {
  it('is kept as the schema of each feature makes it, and shown by vm.show', async () => {
    await using daemon = await daemonOf(disk);
    await daemon.call('vm.create', { name: 'web', features: { disk: {} } });
    await daemon.call('vm.create', { name: 'plain' });
    const { features } = await daemon.call('vm.show', { name: 'web' });
    expect(features).toEqual([{ name: 'disk', part: { gigabytes: 4 } }]);
    const listed = await daemon.call('vm.list', {});
    expect(listed.map((each) => each.features)).toEqual([[{ name: 'disk' }], []]);
  });

  it.each<[string, unknown, object]>([
    [
      'a part that does not fit',
      { disk: { gigabytes: 'x' } },
      { code: 'bad_params', message: /feature 'disk'.*gigabytes/ },
    ],
    ['what the feature itself refuses', { disk: { gigabytes: 9 } }, { code: 'unavailable', hint: 'Ask for less.' }],
    ['a feature that nobody contributes', { dsik: {} }, { code: 'bad_params', hint: 'There are: disk.' }],
    ['a part that is too large', { disk: {}, big: { text: 'x'.repeat(300_000) } }, { code: 'bad_params' }],
  ])('with %s is refused before anything is recorded', async (_what, features, expected) => {
    const big: VmFeature = { name: 'big', schema: z.looseObject({}) };
    await using daemon = await daemonOf(...(JSON.stringify(features).includes('big') ? [disk, big] : [disk]));
    const error = await failureOf(daemon.call('vm.create', { name: 'web', features: features as never }));
    const { message, ...rest } = expected as { message?: RegExp };
    expect(error).toMatchObject(rest);
    expect((error as Error).message).toMatch(message ?? /./);
    expect(await daemon.call('vm.list', {})).toEqual([]);
  });

  it('need not name a feature that takes part in every VM, nor give more than {} to one without a schema', async () => {
    const everywhere: VmFeature = { name: 'audit', takesPart: 'always' };
    await using daemon = await daemonOf(everywhere, { ...disk, takesPart: 'always' } as VmFeature);
    const { features } = await daemon.call('vm.create', { name: 'web', features: { audit: {} } });
    expect(features.map(({ name }) => name)).toEqual(['audit', 'disk']);
    const error = await failureOf(daemon.call('vm.create', { features: { audit: { level: 3 } } }));
    expect(error).toMatchObject({ code: 'bad_params' });
  });
});

describe('a VM that does not run', () => {
  it('has a feature changed without the feature, once that agrees', async () => {
    await using daemon = await daemonOf(disk);
    await daemon.call('vm.create', { name: 'web', features: { disk: {} } });
    const set = (feature: string, part: unknown) => daemon.call('vm.feature.set', { name: 'web', feature, part });
    expect((await set('disk', { gigabytes: 5 })).features).toEqual([{ name: 'disk', part: { gigabytes: 5 } }]);
    expect(await failureOf(set('disk', { gigabytes: 9 }))).toMatchObject({ code: 'unavailable' });
    expect(await failureOf(set('other', {}))).toMatchObject({ code: 'not_found' });
    expect((await daemon.call('vm.show', { name: 'web' })).features[0]?.part).toEqual({ gigabytes: 5 });
  });

  it('is cleaned up before it is removed, in reverse, and stays when that fails, unless it is forced', async () => {
    const order: string[] = [];
    let broken = true;
    const noting = (name: string): VmFeature => ({
      name,
      takesPart: 'always',
      cleanup({ state, dir }) {
        order.push(`${name} ${state} ${dir.split('/').slice(-2).join('/')}`);
        if (name === 'b' && broken) throw new Error('the loop device is busy');
      },
    });
    await using daemon = await daemonOf(noting('a'), noting('b'), noting('c'));
    await daemon.call('vm.create', { name: 'web' });
    expect(await failureOf(daemon.call('vm.delete', { name: 'web' }))).toMatchObject({
      code: 'operation_failed',
      message: "Feature 'b' failed in cleanup of VM 'web': the loop device is busy",
      hint: 'Remove the VM nonetheless: nook vm rm --force web',
    });
    expect(order).toEqual(['c removing features/c', 'b removing features/b', 'a removing features/a']);
    expect(await daemon.call('vm.list', {})).toHaveLength(1);
    await daemon.call('vm.delete', { name: 'web', force: true });
    broken = false;
    await daemon.call('vm.create', { name: 'web' });
    await daemon.call('vm.delete', { name: 'web' });
    expect(await daemon.call('vm.list', {})).toEqual([]);
  });

  it('is not touched by a start that ends before its features are asked', async () => {
    const called: string[] = [];
    const noting: VmFeature = {
      ...{ name: 'noting', takesPart: 'always' },
      prepareHost: () => void called.push('prepareHost'),
      cleanup: () => void called.push('cleanup'),
    };
    await using daemon = await daemonOf(noting);
    await daemon.call('vm.create', { name: 'web' });
    expect(await failureOf(daemon.call('vm.start', { name: 'web' }))).toMatchObject({ code: 'unavailable' });
    expect(called).toEqual([]);
  });
});

describe('the doctor', () => {
  it('looks at each VM, and says which', async () => {
    const sick: VmFeature = {
      name: 'sick',
      doctor: ({ state }) => [{ status: 'warning', item: 'nose', evidence: `it runs, ${state}`, repair: 'Blow it.' }],
    };
    const broken: VmFeature = { name: 'broken', doctor: () => Promise.reject(new Error('I cannot see')) };
    await using daemon = await daemonOf(sick, broken);
    await daemon.call('vm.create', { name: 'web', features: { sick: {}, broken: {} } });
    const { findings } = await daemon.doctor();
    expect(findings.filter(({ check }) => check === 'vm.features')).toEqual([
      {
        ...{ check: 'vm.features', status: 'warning', item: 'web: sick: nose' },
        ...{ evidence: 'it runs, off', repair: 'Blow it.' },
      },
      expect.objectContaining({
        status: 'error',
        item: 'web: broken',
        evidence: expect.stringContaining('I cannot see'),
      }),
    ]);
  });
});

describe('a daemon', () => {
  it('does not start with a feature that no request could name', async () => {
    const error = await failureOf(daemonOf({ name: 'Disk!' }));
    expect((error as Error).message).toContain("A feature is named 'Disk!'.");
  });
});
