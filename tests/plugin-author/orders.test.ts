import { startTestDaemon } from '@nook/testkit';
import { describe, expect, test } from 'vitest';
import { fivePlugins } from './five-plugins.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** Everything that a daemon of the five does, as somebody outside sees it. */
async function behaviour(names: readonly string[]): Promise<unknown> {
  await using daemon = await startTestDaemon({ plugins: fivePlugins(names) });
  const sums = [
    await daemon.call('order.sum', { numbers: [1, 2, 3] }),
    await daemon.call('order.sum', { numbers: [] }),
    await daemon.call('order.sum', { numbers: ['x' as never] }).catch(({ code }) => code),
  ];
  const heard = await daemon.call('order.heard', {});
  const { findings } = await daemon.doctor();
  const { state, plugins } = await daemon.call('daemon.status', {});
  const evidence = findings.filter(({ check }) => check === 'order.adds').map((finding) => finding.evidence);
  return { sums, heard, evidence, state, plugins: plugins.map(({ state }) => state) };
}

describe('five plugins that need each other', () => {
  const all = permutations(NAMES);
  // In groups, so that a failure names its order without a line for each of the 120.
  const groups = Map.groupBy(all, ([first, second]) => `${first}, ${second}`);

  test.each([...groups.keys()])('make the same daemon under names that begin with %s', async (key) => {
    for (const names of groups.get(key) ?? []) {
      expect(await behaviour(names), names.join(' ')).toEqual({
        sums: [{ sum: 6, kept: 1 }, { sum: 0, kept: 2 }, 'bad_params'],
        heard: ['adder started', '6', '0'],
        evidence: ['3, false'],
        state: 'ok',
        plugins: ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
      });
    }
  });

  test('are tried in every order there is', () => {
    expect(new Set(all.map((names) => names.join())).size).toBe(120);
    expect([...groups.values()].flat()).toHaveLength(120);
  });
});
