import { NookError, type PluginContext, type VmDriver } from '@nook/daemonapi';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { AnyPlugin } from '../any-plugin.ts';
import { greeter, strict, varied } from '../greeter.fixture.ts';
import { conformanceChecks } from './checks.ts';
import { type Fault, saidOf } from './fault.fixture.ts';
import type { ConformanceOptions } from './options.ts';

const OPTIONS: ConformanceOptions<'test-greeter'> = {
  calls: { 'test-greeter': ({ greet }) => greet('you') },
  events: [{ topic: 'test.news', data: { what: 'rain' } }],
};

type Context = PluginContext<'test-greeter', { language: string; shout: boolean }>;

const never = () => new Promise<void>(() => {});

/** The greeter, with something more in its setup. */
function also(more: (context: Context) => void): typeof greeter {
  return {
    ...greeter,
    setup(context) {
      const hooks = greeter.setup(context);
      more(context);
      return hooks;
    },
  };
}

/** A greeter that must have been started before it is stopped. */
function startedFirst(): AnyPlugin {
  return varied(() => {
    let timer: NodeJS.Timeout | undefined;
    return {
      start() {
        timer = setInterval(() => {}, 1000);
      },
      stop() {
        if (timer === undefined) throw new Error('there is no timer');
        clearInterval(timer);
        timer = undefined;
      },
    };
  });
}

/** A greeter that contributes a driver in order, but for what is changed. */
function withDriver(change: Partial<VmDriver>): AnyPlugin {
  const driver: VmDriver = {
    name: 'test-machine',
    title: 'The test machine',
    capabilities: [],
    devices: 'pci',
    engine: import.meta.resolve('./check.ts'),
    programs: ['test-machine'],
    prepare: async () => ({ accelerator: 'none', machine: 'test', version: '1', settings: {} }),
  };
  return also(({ contribute }) => contribute('vm.driver', { ...driver, ...change }));
}

function keepsAll(): AnyPlugin {
  const plugin = also(({ events }) => {
    const kept: unknown[] = [];
    events.subscribe('test.*', (event) => kept.push(event));
  });
  // Whatever it forgets to unsubscribe from is another check's finding.
  return plugin;
}

const moduleState: { owner?: object } = {};

const FAULTS: Readonly<Record<string, Fault>> = {
  'a start that throws': {
    plugin: varied({ start: () => Promise.reject(new Error('no')) }),
    check: 'starts, serves and stops',
    says: /failed to start: no/,
  },
  'a start that says it is degraded': {
    plugin: varied({ start: () => ({ degraded: 'tired' }) }),
    check: 'starts, serves and stops',
    says: /it is degraded: tired/,
  },
  'a start that hangs': {
    plugin: { ...varied({ start: never }), deadlines: { start: 50 } },
    check: 'starts, serves and stops',
    says: /did not start in 0.05 s/,
  },
  'a start that does not heed its signal': {
    plugin: varied({ start: () => new Promise((resolve) => setTimeout(resolve, 8000)) }),
    check: 'whose signal was aborted before it began',
    says: /its start did not end within 5 s/,
  },
  'a stop that fails the second time': { plugin: startedFirst(), check: 'stopped twice', says: /there is no timer/ },
  'a stop that fails without a start': {
    plugin: startedFirst(),
    check: 'stopped without having been started',
    says: /failed on the way back/,
  },
  'a stop that hangs': {
    plugin: { ...varied({ stop: never }), deadlines: { stop: 50 } },
    check: 'starts, serves and stops',
    says: /did not stop in 0.05 s/,
  },
  'a stop that does not heed its signal': {
    plugin: varied({ stop: () => new Promise((resolve) => setTimeout(resolve, 8000)) }),
    check: 'ends a stop whose signal is aborted',
    says: /its stop did not end within 5 s/,
  },
  'a timer that outlives a failed start': {
    plugin: varied({ start: () => void setInterval(() => {}, 1000).unref() }),
    check: 'another plugin throws in its start',
    says: /a timer of plugin 'test-greeter'/,
  },
  'state in the module': {
    plugin: varied(() => {
      const own = {};
      return {
        start() {
          if (moduleState.owner !== undefined) throw new Error('there is one of me already');
          moduleState.owner = own;
        },
        stop() {
          if (moduleState.owner === own) delete moduleState.owner;
        },
      };
    }),
    check: 'shares nothing with its double',
    says: /there is one of me already/,
  },
  'a migration that is not the same the second time': {
    plugin: also(({ store }) => {
      const name = `at-${performance.now()}`;
      store.migrate([{ name, sql: 'CREATE TABLE IF NOT EXISTS test_greeter_n (n INTEGER) STRICT' }]);
    }),
    check: 'starts again in the home',
    says: /which this version does not know/,
  },
  'an optional need that is none': {
    plugin: {
      ...also(({ want }) => {
        const words = want('test-words');
        if (!words.available) throw new Error('I want words');
      }),
    },
    check: 'starts without one that it only wants',
    says: /I want words/,
  },
  'a need that is called while it is wired': {
    plugin: {
      ...strict,
      setup(context) {
        void context.need('test-words').greeting('en');
      },
    },
    check: 'starts, serves and stops',
    says: /not all plugins are set up yet/,
    options: { fakes: { 'test-words': { greeting: async () => 'Hi' } } },
  },
  'a capability that waits for the start of its plugin': {
    plugin: {
      ...greeter,
      setup(context) {
        const started = Promise.withResolvers<void>();
        const end = context.events.subscribe('test.*', () => {});
        context.provide('test-greeter', { greet: (name) => started.promise.then(() => name) });
        return { start: () => started.resolve(), dispose: end };
      },
    } satisfies typeof greeter,
    check: 'between setup and start',
    says: /a call of 'test-greeter' before its start did not end within 5 s/,
  },
  'a capability that refuses before the start of its plugin': {
    plugin: {
      ...greeter,
      setup(context) {
        let ready = false;
        const greet = async (name: string) => {
          if (!ready) throw new NookError('unavailable', 'Not yet.');
          return name;
        };
        context.provide('test-greeter', { greet });
        return {
          start: () => {
            ready = true;
          },
        };
      },
    } satisfies typeof greeter,
    check: 'between setup and start',
    says: /before its start failed: NookError: Not yet/,
  },
  'a capability of which the suite knows no call': {
    plugin: greeter,
    check: 'between setup and start',
    says: /give a call of it under 'calls'/,
    options: { events: OPTIONS.events ?? [] },
  },
  'an event listener without an example': {
    plugin: greeter,
    check: 'when events come faster',
    says: /it listens to test\.\*: give 'events'/,
    options: {},
  },
  'a queue without a bound': {
    plugin: keepsAll(),
    check: 'when events come faster',
    says: /made the heap grow by \d+ bytes/,
  },
  'a config that takes any key': {
    plugin: { ...greeter, config: z.looseObject({}) } as AnyPlugin,
    check: 'unknown keys of its config',
    says: /was to be refused, but nothing failed/,
  },
  'a reload that asks for keys that it does not have': {
    plugin: varied({ reload: () => ['langauge'] }),
    check: 'takes its own config again',
    says: /it has no key 'langauge'/,
  },
  'a reload that throws': {
    plugin: varied({ reload: () => Promise.reject(new Error('not now')) }),
    check: 'takes its own config again',
    says: /not now/,
  },
  'a config that takes any value': {
    plugin: { ...greeter, config: z.strictObject({ language: z.any() }) } as AnyPlugin,
    check: 'values of the wrong type',
    says: /was to be refused, but nothing failed/,
  },
  'a doctor check without a dotted name': {
    plugin: also(({ contribute }) => contribute('doctor.check', { name: 'Ears', run: async () => [] })),
    check: 'has dotted names',
    says: /Ears/,
  },
  'a finding that does not say what to do': {
    plugin: also(({ contribute }) =>
      contribute('doctor.check', {
        name: 'test-greeter.mouth',
        run: async () => [{ status: 'error', item: 'mouth', evidence: 'shut' }],
      }),
    ),
    check: 'what to do where something is wrong',
    says: /does not say what to do about it/,
  },
  'a doctor check that hangs': {
    plugin: also(({ contribute }) =>
      contribute('doctor.check', { name: 'test-greeter.mouth', run: () => new Promise(() => {}) }),
    ),
    check: 'ends when its time is over',
    says: /'test-greeter.mouth' with an aborted signal did not end within 5 s/,
  },
  'a driver that declares what there is not': {
    plugin: withDriver({ capabilities: ['teleport' as never] }),
    check: 'declares known capabilities',
    says: /declares what there is not/,
  },
  'a driver that gives a path for the name of its program': {
    plugin: withDriver({ programs: ['/usr/bin/machine'] }),
    check: 'declares known capabilities',
    says: /is a path, not a name/,
  },
  'a driver whose engine is not there': {
    plugin: withDriver({ engine: 'file:///no/such/engine.js' }),
    check: 'an engine that a vmhost can load',
    says: /Cannot find module/,
  },
  'a driver whose engine makes no machine': {
    plugin: withDriver({ engine: import.meta.resolve('./check.ts') }),
    check: 'an engine that a vmhost can load',
    says: /exports no createMachine/,
  },
  'a driver that prepares for ever': {
    plugin: withDriver({ prepare: () => new Promise(() => {}) }),
    check: 'prepares nothing when its time is over',
    says: /the preparation of driver 'test-machine' with an aborted signal did not end within 5 s/,
  },
};

test.concurrent.for(Object.entries(FAULTS))('%s is found', { timeout: 60_000 }, async ([, fault], { expect }) => {
  expect(await saidOf({ options: OPTIONS, ...fault })).toMatch(fault.says);
});

test('every check is there by name, once', () => {
  const names = conformanceChecks(greeter).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
