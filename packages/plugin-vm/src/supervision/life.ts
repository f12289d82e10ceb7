import { NookError } from '@nook/daemonapi';
import { parseDuration } from './duration.ts';
import type { LifeRequest } from './life-contract.ts';
import { parseRestart, type RestartPolicy } from './restart-policy.ts';

/** After these the vmhost stops its machine, with or without a daemon. */
export interface LifeLimits {
  readonly idle_timeout_ms?: number | undefined;
  readonly max_duration_ms?: number | undefined;
}

/** When a VM ends and comes back without being asked; what is absent does not happen. */
export interface Life extends LifeLimits {
  readonly restart?: RestartPolicy | undefined;
  readonly autostart?: boolean | undefined;
}

const MAX_DURATION = 3_650 * 86_400_000;

/** @throws NookError `bad_params` */
export function checkLife(request: LifeRequest & { readonly auto_remove?: boolean | undefined }): Life {
  return changeLife({}, request);
}

/**
 * What becomes of it with this change; what the change does not name stays.
 * @throws NookError `bad_params`
 */
export function changeLife(life: Life, change: LifeRequest & { readonly auto_remove?: boolean | undefined }): Life {
  const changed: Life = {
    ...life,
    ...(change.restart === undefined ? {} : { restart: parseRestart(change.restart) }),
    ...(change.autostart === undefined ? {} : { autostart: change.autostart }),
    ...(change.idle_timeout === undefined ? {} : { idle_timeout_ms: limit('idle timeout', change.idle_timeout) }),
    ...(change.max_duration === undefined ? {} : { max_duration_ms: limit('longest duration', change.max_duration) }),
  };
  if (change.auto_remove && (changed.autostart || (changed.restart?.mode ?? 'no') !== 'no')) {
    throw new NookError('bad_params', 'A VM that is removed when it ends cannot be started again.', {
      hint: 'Leave out --rm, or --restart and --autostart.',
    });
  }
  return changed;
}

/** 0 and `off` are none. */
function limit(what: string, value: string | number): number | undefined {
  if (value === 'off') return undefined;
  const ms = parseDuration(value);
  if (ms === 0) return undefined;
  if (ms !== undefined && ms >= 1_000 && ms <= MAX_DURATION) return ms;
  throw new NookError('bad_params', `'${value}' is not a time for a VM's ${what}.`, {
    hint: 'Write it like 90s, 30m or 1h30m; it is at least a second, and off is none.',
  });
}

export function limitsOf({ idle_timeout_ms, max_duration_ms }: LifeLimits = {}): LifeLimits {
  return {
    ...(idle_timeout_ms === undefined ? {} : { idle_timeout_ms }),
    ...(max_duration_ms === undefined ? {} : { max_duration_ms }),
  };
}
