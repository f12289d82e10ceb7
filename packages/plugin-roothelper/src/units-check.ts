import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import {
  DAEMON_HARDENING,
  DAEMON_UNIT,
  HELPER_HARDENING,
  HELPER_UNIT,
  OWNER_FILE,
  OWNER_HARDENING,
} from './cli/units.ts';

const DEADLINE_MS = 20_000;

/** What systemd shows in other words than it is told. */
const OTHERWISE = new Set(['DeviceAllow', 'ReadWritePaths', 'SystemCallErrorNumber', 'SystemCallFilter']);

type Settings = Readonly<Record<string, string>>;

/** What systemd holds a unit to, of these settings. @throws when it does not answer */
export type ShowUnit = (unit: string, settings: readonly string[], signal: AbortSignal) => Promise<Settings>;

interface Surroundings {
  readonly show: ShowUnit;
  readonly isInstalled: () => boolean;
  readonly isRoot: boolean;
}

/** Whether the services are as closed as they were installed. */
export function unitsCheck({ show, isInstalled, isRoot }: Surroundings = REAL): DoctorCheck {
  const daemon = { ...settingsOf(DAEMON_HARDENING), ...(isRoot ? {} : settingsOf(OWNER_HARDENING)) };
  const wanted = { [HELPER_UNIT]: settingsOf(HELPER_HARDENING), [DAEMON_UNIT]: { ...daemon, KillMode: 'process' } };
  return {
    name: 'roothelper.units',
    async run(signal) {
      if (!isInstalled())
        return [{ status: 'ok', item: 'services', evidence: 'not installed, the daemon starts on demand' }];
      const looks = Object.entries(wanted).map(([unit, settings]) => look({ show, unit, settings, signal }));
      return (await Promise.all(looks)).flat();
    },
  };
}

const REAL: Surroundings = {
  show: showUnit,
  isInstalled: () => existsSync(OWNER_FILE),
  isRoot: process.getuid?.() === 0,
};

function settingsOf(lines: readonly string[]): Settings {
  const pairs = lines.filter((line) => !line.startsWith('#')).map((line) => line.split(/=(.*)/s));
  return Object.fromEntries(pairs.filter(([key = '']) => !OTHERWISE.has(key)).map(([key, value]) => [key, value]));
}

interface Look {
  readonly show: ShowUnit;
  readonly unit: string;
  readonly settings: Settings;
  readonly signal: AbortSignal;
}

async function look({ show, unit, settings, signal }: Look): Promise<DoctorFinding[]> {
  const item = `unit ${unit}`;
  let shown: Settings;
  try {
    shown = await show(unit, Object.keys(settings), signal);
  } catch (error) {
    const repair = 'See whether this works: systemctl show nookd';
    return [{ status: 'warning', item, evidence: `systemd does not answer: ${(error as Error).message}`, repair }];
  }
  const open = Object.entries(settings).filter(([key, value]) => !same(value, shown[key]));
  if (open.length === 0)
    return [{ status: 'ok', item, evidence: `${Object.keys(settings).length} settings as installed` }];
  const evidence = open.map(([key, value]) => `${key} is '${shown[key] ?? ''}', not '${value}'`).join('; ');
  const repair = `See what changes it: systemctl cat ${unit}. Then: sudo nook system restart`;
  return [{ status: 'warning', item, evidence, repair }];
}

/** Lists come in any order, and names of capabilities in lower case. */
function same(wanted: string, shown = ''): boolean {
  const words = (text: string) => text.toLowerCase().split(' ').toSorted().join(' ');
  return words(wanted) === words(shown);
}

async function showUnit(unit: string, settings: readonly string[], signal: AbortSignal): Promise<Settings> {
  const args = ['show', `--property=${settings.join(',')}`, unit];
  const { stdout } = await promisify(execFile)('systemctl', args, { timeout: DEADLINE_MS, signal });
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );
}
