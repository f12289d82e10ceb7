import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { Home } from '../harness/home.ts';
import { Gates } from './gates.ts';
import { type Kind, kindNamed } from './kinds.ts';
import { isInShare, leftOut } from './share.ts';

/** Where the cells of one set play: a home with gates, made before the first of them and removed after the last. */
export interface Scenes {
  readonly home: Home;
  readonly gates: Gates;
  /** A VM of this kind that has not been started, under a name that no other cell has. */
  newVm(): Promise<string>;
  /** Likewise, and started. */
  runningVm(): Promise<string>;
}

/** Machines from a template: what comes up fastest, where a set is not about how it comes up. */
const USUAL = kindNamed('template');

/** For use in a `describe`. */
export function scenes(kind: Kind = USUAL): Scenes {
  let home: Home;
  let gates: Gates;
  let number = 0;

  beforeAll(async () => {
    gates = await Gates.create();
    home = await Home.create({ config: kind.config, env: { NOOK_VM_GATE: gates.dir } });
    await kind.prepare(home);
  });

  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await rm(gates.dir, { recursive: true });
  });

  beforeEach(({ task, skip }) => skip(!isInShare(task.fullTestName), leftOut));

  async function newVm(): Promise<string> {
    const vm = `vm-${++number}`;
    await kind.make(home, vm);
    return vm;
  }

  async function runningVm(): Promise<string> {
    const vm = await newVm();
    await home.ok(...kind.start(vm));
    return vm;
  }

  return {
    get home() {
      return home;
    },
    get gates() {
      return gates;
    },
    newVm,
    runningVm,
  };
}
