import type { Life } from './life.ts';
import type { LifeView } from './life-contract.ts';
import { formatRestart, NO_RESTART } from './restart-policy.ts';

/** What the wire shows of it. */
export function lifeView(
  life: Life = {},
): Pick<LifeView, 'restart' | 'autostart' | 'idle_timeout_seconds' | 'max_duration_seconds'> {
  return {
    restart: formatRestart(life.restart ?? NO_RESTART),
    autostart: life.autostart ?? false,
    idle_timeout_seconds: seconds(life.idle_timeout_ms),
    max_duration_seconds: seconds(life.max_duration_ms),
  };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
