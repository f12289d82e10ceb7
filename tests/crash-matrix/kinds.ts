import { eventually } from '../harness/eventually.ts';
import type { Home } from '../harness/home.ts';

const SHAPE = ['--image', 'busybox', '--memory', '128M'];

/** A way in which a VM comes up. */
export interface Kind {
  readonly name: string;
  readonly config: string;
  /** Once for its home. */
  prepare(home: Home): Promise<void>;
  /** A VM that {@link start} brings up in this way. */
  make(home: Home, vm: string): Promise<void>;
  start(vm: string): readonly string[];
}

async function create(home: Home, vm: string): Promise<void> {
  await home.ok('vm', 'create', '--name', vm, ...SHAPE);
}

export const KINDS: readonly Kind[] = [
  {
    name: 'cold',
    config: '[vm.templates]\nauto = false\n',
    prepare: async () => {},
    make: create,
    start: (vm) => ['vm', 'start', vm],
  },
  {
    name: 'template',
    config: '[vm.templates]\nidle_seconds = 0\n',
    prepare: async (home) => {
      await home.ok('vm', 'run', '--rm', ...SHAPE, '--', 'true');
      await eventually(
        'a template is made',
        () => home.json<{ method: string; state: string }[]>('op', 'list'),
        (operations) => operations.some(({ method, state }) => method === 'vm.template.build' && state === 'succeeded'),
      );
    },
    make: create,
    start: (vm) => ['vm', 'start', vm],
  },
];
