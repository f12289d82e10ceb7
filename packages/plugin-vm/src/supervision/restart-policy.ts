import { NookError } from '@nook/daemonapi';

/** What becomes of a VM that ended although nobody asked for it. */
export interface RestartPolicy {
  readonly mode: 'no' | 'on-failure' | 'always';
  /** So often in a row, with no stable run between. */
  readonly max: number;
}

/** More than this without a stable run is a crash loop. */
const MAX_RESTARTS = 10;

export const NO_RESTART: RestartPolicy = { mode: 'no', max: MAX_RESTARTS };

/** `no`, `always`, `on-failure` or `on-failure:MAX`. @throws NookError `bad_params` */
export function parseRestart(text: string): RestartPolicy {
  const groups = /^(?<mode>no|always|on-failure)(?::(?<max>\d{1,4}))?$/.exec(text)?.groups;
  const max = groups?.max === undefined ? MAX_RESTARTS : Number(groups.max);
  const plain = groups?.max === undefined || groups.mode === 'on-failure';
  if (groups && plain && max > 0) return { mode: groups.mode as RestartPolicy['mode'], max };
  throw new NookError('bad_params', `'${text}' is not a restart policy.`, {
    hint: 'Give no, always, on-failure or on-failure:MAX, e.g. on-failure:3.',
  });
}

export function formatRestart({ mode, max }: RestartPolicy): string {
  return mode === 'on-failure' && max !== MAX_RESTARTS ? `${mode}:${max}` : mode;
}
