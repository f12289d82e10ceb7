import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentGraceMs, beginStop, escalate, forceStop, joinStop, nextStageAt, STOP_STAGES } from './stop-plan.ts';

const all = { agent: true, powerdown: true, quit: true };
const mute = { powerdown: false, quit: false };

describe('a stop', () => {
  it('goes from the gentlest way to the surest, each before the deadline', () => {
    let plan = beginStop(1_000, 10_000, all);
    const seen = [{ stage: plan.stage, due: nextStageAt(plan) }];
    while (plan.stage !== 'kill') {
      plan = escalate(plan, all);
      seen.push({ stage: plan.stage, due: nextStageAt(plan) });
    }
    expect(seen).toEqual([
      { stage: 'agent', due: 8_000 },
      { stage: 'powerdown', due: 9_500 },
      { stage: 'quit', due: 10_500 },
      { stage: 'kill', due: undefined },
    ]);
  });

  it('skips what is not there', () => {
    expect(beginStop(0, 1_000, { ...all, agent: false }).stage).toBe('powerdown');
    expect(beginStop(0, 1_000, { ...mute, agent: false }).stage).toBe('kill');
    expect(escalate(beginStop(0, 1_000, all), { ...all, powerdown: false }).stage).toBe('quit');
    expect(escalate(beginStop(0, 1_000, all), { ...mute, agent: true }).stage).toBe('kill');
  });

  it('that is forced asks nobody, and never gets more time than the stop in flight', () => {
    expect(forceStop(0, all)).toEqual({ startedAt: 0, deadline: 1_000, stage: 'quit' });
    const inFlight = beginStop(0, 10_000, all);
    expect(forceStop(9_800, all, inFlight).deadline).toBe(10_000);
    expect(forceStop(0, { ...mute, agent: true }).stage).toBe('kill');
  });

  it('that comes second may only shorten the one in flight', () => {
    const inFlight = beginStop(0, 10_000, all);
    expect(joinStop(inFlight, all)).toBe(inFlight);
    expect(joinStop(beginStop(1_000, 10_000, all), all, inFlight)).toBeUndefined();
    expect(joinStop(beginStop(1_000, 9_000, all), all, inFlight)).toBeUndefined();
    expect(joinStop(beginStop(1_000, 2_000, all), all, inFlight)).toEqual({
      startedAt: 1_000,
      deadline: 3_000,
      stage: 'agent',
    });
  });

  it('that comes second goes back to nothing that was tried, and not on to what there is no way to', () => {
    const stages = (abilities: typeof all) =>
      STOP_STAGES.map((stage) => {
        const inFlight = { ...beginStop(0, 10_000, all), stage };
        return joinStop(beginStop(9_600, 100, abilities), abilities, inFlight)?.stage;
      });
    expect(stages(all)).toEqual(['agent', 'powerdown', 'quit', undefined]);
    expect(stages({ ...all, powerdown: false })).toEqual(['agent', 'quit', 'quit', undefined]);
    expect(stages({ ...mute, agent: true })).toEqual(['agent', 'kill', 'kill', undefined]);
  });

  it('always ends with kill by its deadline', () => {
    const abilities = fc.record({ agent: fc.boolean(), powerdown: fc.boolean(), quit: fc.boolean() });
    fc.assert(
      fc.property(fc.nat(100_000), fc.array(abilities, { minLength: 5, maxLength: 5 }), (timeout, over) => {
        let plan = beginStop(0, timeout, over[0] ?? all);
        let last = -1;
        for (const now of over) {
          const rank = STOP_STAGES.indexOf(plan.stage);
          expect(rank).toBeGreaterThan(last);
          last = rank;
          const due = nextStageAt(plan);
          if (due === undefined) break;
          expect(due).toBeLessThanOrEqual(plan.deadline);
          plan = escalate(plan, now);
        }
        expect(plan.stage).toBe('kill');
        expect(agentGraceMs(plan)).toBeLessThanOrEqual(timeout);
      }),
    );
  });
});
