import { describe, expect, it } from 'vitest';
import { runSteps, type Step } from './step-runner.ts';

const clock = { now: () => 0, monotonic: () => 0 };
const NAMES = ['a', 'b', 'c', 'd'];

function steps(log: string[], faults: { run?: string; undo?: string[] }): Step<undefined>[] {
  return NAMES.map((name) => ({
    name,
    run: () => {
      log.push(`run ${name}`);
      if (faults.run === name) throw new Error(`${name} failed`);
    },
    undo: () => {
      log.push(`undo ${name}`);
      if (faults.undo?.includes(name)) throw new Error(`undo of ${name} failed`);
    },
  }));
}

describe('a start', () => {
  it('runs its steps in order and records each', async () => {
    const log: string[] = [];
    const done = await runSteps(steps(log, {}), undefined, clock, { onStep: () => {} });
    expect(log).toEqual(NAMES.map((name) => `run ${name}`));
    expect(done.map(({ name }) => name)).toEqual(NAMES);
  });

  it.each(NAMES)('that fails at %s undoes that step and those before it, in reverse', async (failing) => {
    const log: string[] = [];
    await expect(runSteps(steps(log, { run: failing }), undefined, clock, { onStep: () => {} })).rejects.toThrow(
      `${failing} failed`,
    );
    const begun = NAMES.slice(0, NAMES.indexOf(failing) + 1);
    expect(log).toEqual([...begun.map((name) => `run ${name}`), ...begun.toReversed().map((name) => `undo ${name}`)]);
  });

  it('undoes everything even when undoing fails, and reports all of it', async () => {
    const log: string[] = [];
    const failed = runSteps(steps(log, { run: 'c', undo: ['c', 'a'] }), undefined, clock, { onStep: () => {} });
    const error = await failed.catch((caught: AggregateError) => caught);
    expect(log.slice(-3)).toEqual(['undo c', 'undo b', 'undo a']);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.map(String)).toEqual([
      'Error: c failed',
      "Error: undoing 'c' failed",
      "Error: undoing 'a' failed",
    ]);
  });

  it('that is given up between two steps is undone like any other', async () => {
    const log: string[] = [];
    const observer = {
      onStep: (name: string) => {
        if (name === 'c') throw new Error('cancelled');
      },
    };
    await expect(runSteps(steps(log, {}), undefined, clock, observer)).rejects.toThrow('cancelled');
    expect(log).toEqual(['run a', 'run b', 'undo c', 'undo b', 'undo a']);
  });
});
