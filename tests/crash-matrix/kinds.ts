import { RESUME_STEPS, START_STEPS } from '../../packages/plugin-vm/src/machines/start-steps.ts';
import { CLAIM_STEPS } from '../../packages/plugin-vm/src/pool/claim-steps.ts';
import { eventually } from '../harness/eventually.ts';
import type { Home } from '../harness/home.ts';
import { KeptTemplates } from './kept-templates.ts';
import { remember } from './memory.ts';

const SHAPE = ['--image', 'busybox', '--memory', '128M'];

/** A way in which a VM comes up. */
export interface Kind {
  readonly name: string;
  readonly config: string;
  /** How a VM that {@link start} starts came up. */
  readonly cameUp: string;
  /** The VM is made by its start: it need not be there when that fails. */
  readonly madeByStart?: boolean;
  /** What such a start goes through, and how much of it before there is a machine. */
  readonly steps: readonly string[];
  readonly withoutMachine: number;
  /** Once for its home. */
  prepare(home: Home): Promise<void>;
  /** A VM that {@link start} brings up in this way. */
  make(home: Home, vm: string): Promise<void>;
  start(vm: string): readonly string[];
}

const TEMPLATES_UNASKED = '[vm.templates]\nauto = false\n';

async function warm(home: Home): Promise<void> {
  await home.ok('image', 'warm', 'busybox', '--memory', '128M');
  await new KeptTemplates(home).keep();
}

async function create(home: Home, vm: string, ...flags: readonly string[]): Promise<void> {
  await home.ok('vm', 'create', '--name', vm, ...SHAPE, ...flags);
}

async function createFromTemplate(home: Home, vm: string, ...flags: readonly string[]): Promise<void> {
  await new KeptTemplates(home).giveBack();
  await create(home, vm, ...flags);
}

const START = START_STEPS.map(({ name }) => name);
const RESUME = RESUME_STEPS.map(({ name }) => name);
const AS_USUAL = { steps: START, withoutMachine: START.indexOf('vmhost') };

const KINDS: readonly Kind[] = [
  {
    name: 'cold',
    cameUp: 'cold',
    config: TEMPLATES_UNASKED,
    ...AS_USUAL,
    prepare: async () => {},
    make: create,
    start: (vm) => ['vm', 'start', vm],
  },
  {
    name: 'template',
    cameUp: 'template',
    config: TEMPLATES_UNASKED,
    ...AS_USUAL,
    prepare: warm,
    make: createFromTemplate,
    start: (vm) => ['vm', 'start', vm],
  },
  {
    name: 'network',
    cameUp: 'template',
    config: TEMPLATES_UNASKED,
    ...AS_USUAL,
    prepare: async (home) => {
      await warm(home);
      await home.ok('net', 'create', 'back');
      await create(home, 'neighbour', '--network', 'back');
      await home.ok('vm', 'start', 'neighbour');
    },
    make: (home, vm) => createFromTemplate(home, vm, '--network', 'back'),
    start: (vm) => ['vm', 'start', vm],
  },
  {
    name: 'resume',
    cameUp: 'resume',
    config: TEMPLATES_UNASKED,
    steps: RESUME,
    withoutMachine: RESUME.indexOf('vmhost'),
    prepare: warm,
    make: async (home, vm) => {
      await createFromTemplate(home, vm);
      await home.ok('vm', 'start', vm);
      await remember(home, vm);
      await home.ok('vm', 'suspend', vm);
    },
    start: (vm) => ['vm', 'resume', vm],
  },
  {
    name: 'pool',
    cameUp: 'pool',
    madeByStart: true,
    config: '[vm.templates]\nauto = false\n[vm.pool]\nsize = 1\nimage = "busybox"\nmemory = "128M"\nidle_seconds = 0\n',
    steps: CLAIM_STEPS.map(({ name }) => name),
    withoutMachine: 0,
    prepare: async () => {},
    make: waitForMember,
    start: (vm) => ['vm', 'run', '-d', '--name', vm, ...SHAPE],
  },
];

export function kindNamed(wanted: string): Kind {
  const kind = KINDS.find(({ name }) => name === wanted);
  if (!kind) throw new Error(`there is no kind of start called ${wanted}`);
  return kind;
}

async function waitForMember(home: Home): Promise<void> {
  await eventually(
    'a machine waits in the pool',
    () => home.json<{ members: { state: string }[] }>('vm', 'pool'),
    ({ members }) => members.some(({ state }) => state === 'ready'),
  );
}
