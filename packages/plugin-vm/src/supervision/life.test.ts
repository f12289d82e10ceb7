import { expect, it } from 'vitest';
import { changeLife, checkLife } from './life.ts';
import { formatRestart, parseRestart } from './restart-policy.ts';

it('what is not asked for does not happen', () => {
  expect(checkLife({})).toEqual({});
});

it('takes policies, times, and 0 for no time', () => {
  const life = checkLife({ restart: 'on-failure:3', autostart: true, idle_timeout: '30m', max_duration: 7200 });
  expect(life).toEqual({
    restart: { mode: 'on-failure', max: 3 },
    autostart: true,
    idle_timeout_ms: 1_800_000,
    max_duration_ms: 7_200_000,
  });
  expect(changeLife(life, { idle_timeout: 0, restart: 'always' })).toEqual({
    ...life,
    restart: { mode: 'always', max: 10 },
    idle_timeout_ms: undefined,
  });
});

it.each([
  { restart: 'sometimes' },
  { restart: 'always:3' },
  { restart: 'no:1' },
  { restart: 'on-failure:0' },
  { restart: 'on-failure:' },
  { idle_timeout: '5 weeks' },
  { idle_timeout: 0.5 },
  { max_duration: '99999d' },
  { restart: 'always', auto_remove: true },
  { autostart: true, auto_remove: true },
])('refuses %j', (request) => {
  expect(() => checkLife(request)).toThrow(expect.objectContaining({ code: 'bad_params', hint: expect.any(String) }));
});

it.each(['no', 'always', 'on-failure', 'on-failure:3'])('%s is shown as it was given', (text) => {
  expect(formatRestart(parseRestart(text))).toBe(text);
});
