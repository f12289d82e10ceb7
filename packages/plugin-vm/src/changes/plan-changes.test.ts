import { expect, it } from 'vitest';
import type { Dependencies } from '../machines/dependencies.ts';
import type { MachineRecord } from '../machines/records.ts';
import type { VmSettings } from './change-contract.ts';
import { planChanges } from './plan-changes.ts';

const MIB = 1024 ** 2;

function record(shape: Partial<MachineRecord['shape']> = {}): MachineRecord {
  const whole = { vcpus: 1, memory_bytes: 256 * MIB, labels: { env: 'test' }, ...shape } as MachineRecord['shape'];
  return { id: 'id', name: 'web', state: 'running', created_at: 0, shape: whole, run: { boot: 1, steps: [] } };
}

function plan(settings: VmSettings, fixed: boolean, shape?: Partial<MachineRecord['shape']>) {
  const changes = planChanges(settings, { record: record(shape), fixed }, {} as Dependencies);
  return {
    changed: changes.map(({ field }) => field),
    shape: Object.assign({}, ...changes.map((change) => change.shape)) as Partial<MachineRecord['shape']>,
  };
}

it('a machine that does not run is what was set at once', () => {
  const settings = { vcpus: 2, memory: '128M', labels: { env: null, job: '7' } };
  expect(plan(settings, false)).toEqual({
    changed: ['labels', 'vcpus', 'memory'],
    shape: { vcpus: 2, memory_bytes: 128 * MIB, labels: { job: '7' } },
  });
});

it('one that is up keeps its shape until it is booted, and has its labels at once', () => {
  expect(plan({ vcpus: 2, labels: { env: 'prod' } }, true)).toEqual({
    changed: ['labels', 'vcpus'],
    shape: { labels: { env: 'prod' }, next: { vcpus: 2 } },
  });
});

it('what was set earlier waits on, and what is set back waits no more', () => {
  const next = { vcpus: 2, memory_bytes: 128 * MIB };
  expect(plan({ vcpus: 3 }, true, { next }).shape).toEqual({ next: { vcpus: 3, memory_bytes: 128 * MIB } });
  expect(plan({ vcpus: 1 }, true, { next })).toEqual({
    changed: ['vcpus'],
    shape: { next: { memory_bytes: 128 * MIB } },
  });
  expect(plan({ vcpus: 2 }, true, { next })).toEqual({ changed: [], shape: {} });
  expect(plan({ vcpus: 3 }, false, { next }).shape).toEqual({ vcpus: 3, next: { memory_bytes: 128 * MIB } });
});

it('several things of its life are set at once, and what is as before is no change', () => {
  const life = { idle_timeout_ms: 60_000, autostart: true };
  const restart = { mode: 'on-failure', max: 3 } as const;
  expect(plan({ restart: 'on-failure:3', idle_timeout: 'off', max_duration: '1h' }, true, { life })).toEqual({
    changed: ['restart', 'idle_timeout', 'max_duration'],
    shape: { life: { autostart: true, restart, max_duration_ms: 3_600_000 } },
  });
  expect(
    plan({ restart: 'no', idle_timeout: '60s', max_duration: 'off', autostart: true }, true, { life }).changed,
  ).toEqual([]);
  expect(plan({ autostart: false, idle_timeout: 0 }, true, { life })).toEqual({
    changed: ['autostart', 'idle_timeout'],
    shape: { life: {} },
  });
});

it('a VM that is removed when it ends is not started again', () => {
  expect(() => plan({ restart: 'always' }, false, { auto_remove: true })).toThrow('cannot be started again');
});

it.each([{ vcpus: 0 }, { vcpus: 1.5 }, { memory: '1M' }, { memory: 'lots' }, { labels: { 'a b': 'x' } }])(
  'refuses %j',
  (settings) => {
    expect(() => plan(settings, false)).toThrow(expect.objectContaining({ code: 'bad_params' }));
  },
);
