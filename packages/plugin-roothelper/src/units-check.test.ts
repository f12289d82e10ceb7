import { expect, it } from 'vitest';
import { DAEMON_HARDENING, DAEMON_UNIT, HELPER_HARDENING, HELPER_UNIT } from './cli/units.ts';
import { type ShowUnit, unitsCheck } from './units-check.ts';

const LINES: Readonly<Record<string, readonly string[]>> = {
  [HELPER_UNIT]: HELPER_HARDENING,
  [DAEMON_UNIT]: [...DAEMON_HARDENING, 'KillMode=process'],
};

/** A systemd that holds units to what they say, but for these. */
function shownWith(changed: Readonly<Record<string, string>>): ShowUnit {
  return async (unit, settings) => {
    const said = (key: string) =>
      (LINES[unit] ?? []).findLast((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
    return Object.fromEntries(settings.map((key) => [key, changed[key] ?? said(key)?.toLowerCase() ?? '']));
  };
}

const look = (show: ShowUnit, isInstalled = true) =>
  unitsCheck({ show, isInstalled: () => isInstalled, isRoot: true }).run(new AbortController().signal);

it('finds units as they were installed', async () => {
  expect((await look(shownWith({}))).map(({ status }) => status)).toEqual(['ok', 'ok']);
});

it('finds a setting that was opened, and the unit that it is of', async () => {
  const [helper, daemon] = await look(shownWith({ NoNewPrivileges: 'no', KillMode: 'control-group' }));
  expect(helper).toMatchObject({ status: 'warning', evidence: "NoNewPrivileges is 'no', not 'yes'" });
  expect(daemon).toMatchObject({ status: 'warning', evidence: "KillMode is 'control-group', not 'process'" });
});

it('says so when systemd does not answer, and when there is nothing to look at', async () => {
  const silent = await look(() => Promise.reject(new Error('no bus')));
  expect(silent[0]).toMatchObject({ status: 'warning', evidence: 'systemd does not answer: no bus' });
  expect(await look(shownWith({}), false)).toMatchObject([{ status: 'ok', item: 'services' }]);
});
