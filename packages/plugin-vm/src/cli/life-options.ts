import { type CliOption, NookError, type OptionValues } from '@nook/daemonapi';
import type { VmRequest } from '../contract.ts';

export const LIFE_OPTIONS: Readonly<Record<string, CliOption>> = {
  restart: {
    value: 'POLICY',
    help: 'when it ends by itself, start it again: no (default), on-failure[:MAX] or always',
  },
  autostart: { help: 'start it with the daemon when it is meant to run and does not, as after a reboot of the host' },
  'idle-timeout': { value: 'TIME', help: 'stop it after so long without a session, e.g. 30m or 1h30m' },
  'max-duration': { value: 'TIME', help: 'stop it so long after its start' },
};

export function lifeRequest(
  options: OptionValues,
): Pick<VmRequest, 'restart' | 'autostart' | 'idle_timeout' | 'max_duration'> {
  return {
    ...(options.restart === undefined ? {} : { restart: text(options, 'restart') }),
    ...(options.autostart === true ? { autostart: true } : {}),
    ...(options['idle-timeout'] === undefined ? {} : { idle_timeout: text(options, 'idle-timeout') }),
    ...(options['max-duration'] === undefined ? {} : { max_duration: text(options, 'max-duration') }),
  };
}

function text(options: OptionValues, name: string): string {
  const value = options[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new NookError('bad_params', `--${name} takes a value.`);
}
