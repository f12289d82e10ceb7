import { describe, expect, it } from 'vitest';
import { type Ended, NO_RESTARTS, planRestart, type RestartState, STABLE_MS } from './restart-plan.ts';
import { parseRestart } from './restart-policy.ts';

const failed: Ended = { at: 1_000_000, failed: true, cause: 'QEMU was killed by SIGKILL', up_since: 999_000 };
const poweredOff: Ended = { ...failed, failed: false, cause: 'the guest powered off' };

describe('whether a VM is restarted', () => {
  it.each([
    ['no', failed, 'leave'],
    ['no', poweredOff, 'leave'],
    ['on-failure', failed, 'restart'],
    ['on-failure', poweredOff, 'leave'],
    ['always', failed, 'restart'],
    ['always', poweredOff, 'restart'],
    ['always', { ...poweredOff, by: 'asked' }, 'leave'],
    ['always', { ...poweredOff, by: 'limit' }, 'leave'],
    ['on-failure', { ...failed, by: 'asked' }, 'leave'],
    ['on-failure', { ...failed, up_since: undefined }, 'restart'],
  ] as const)('%s, %j: %s', (policy, ended, what) => {
    expect(planRestart(parseRestart(policy), NO_RESTARTS, ended).what).toBe(what);
  });
});

/** Ends again and again, each time as soon as it was restarted. */
function loop(policy: string, times: number): { waits: number[]; state: RestartState; causes: string[] } {
  let state = NO_RESTARTS;
  let at = 0;
  const waits: number[] = [];
  const causes: string[] = [];
  for (let i = 0; i < times; i++) {
    const decision = planRestart(parseRestart(policy), state, { ...failed, at, up_since: at });
    state = decision.state;
    if (decision.what === 'give_up') causes.push(decision.cause);
    if (decision.what !== 'restart') break;
    waits.push(decision.at - at);
    at = decision.at;
  }
  return { waits, state, causes };
}

describe('ends in a row', () => {
  it('wait twice as long each time, up to a minute, and are at last too many', () => {
    const { waits, state, causes } = loop('always', 100);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => seconds * 1000));
    expect(state).toMatchObject({ gave_up: true, ends: 11, next_at: undefined });
    expect(causes).toEqual(['it ended 11 times in 5 m 3 s and is not restarted any more: QEMU was killed by SIGKILL']);
  });

  it('are as many as the policy says', () => {
    expect(loop('on-failure:2', 100).waits).toEqual([1000, 2000]);
  });

  it('begin anew after a stable run, and not before', () => {
    const { state } = loop('always', 4);
    const end = (ran: number) =>
      planRestart(parseRestart('always'), state, { ...failed, at: 5_000_000, up_since: 5_000_000 - ran });
    expect(end(STABLE_MS)).toMatchObject({ what: 'restart', at: 5_001_000, state: { ends: 1, since: 5_000_000 } });
    expect(end(STABLE_MS - 1)).toMatchObject({ what: 'restart', at: 5_016_000, state: { ends: 5, since: 0 } });
  });

  it('are forgotten with what was due by an end that is left alone', () => {
    const { state } = loop('always', 2);
    expect(state.next_at).toBeDefined();
    expect(planRestart(parseRestart('always'), state, { ...failed, by: 'asked' }).state.next_at).toBeUndefined();
  });
});
