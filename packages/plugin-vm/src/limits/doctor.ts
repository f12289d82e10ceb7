import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import { formatAmount } from '../format-amount.ts';
import { wanted } from './delegated-cgroup.ts';
import type { LimitsConfig } from './limits-config.ts';
import type { Limits } from './vm-limits.ts';
import type { Way } from './ways.ts';

const REPAIR =
  "Where systemd runs, let this user's stay: loginctl enable-linger. Without it, start nookd alone in a cgroup v2 that is delegated to it.";

/** Whether VMs are held to what they may take of the host. */
export function limitsCheck(limits: Limits, config: LimitsConfig): DoctorCheck {
  return { name: 'vm.limits', run: async () => [finding(await limits.way(), config)] };
}

function finding(way: Way, config: LimitsConfig): DoctorFinding {
  const item = 'limits of VMs';
  if (way.kind === 'none') {
    const evidence = `VMs are held to no limits: ${way.reason}`;
    if (config.by === 'none' && !config.required) return { status: 'ok', item, evidence };
    return { status: config.required ? 'error' : 'warning', item, evidence, repair: REPAIR };
  }
  const more = `${formatAmount(config.memory_overhead)} of memory, ${config.cpu_overhead} CPUs and ${config.pids_overhead} processes and threads more than the guest has`;
  const complete = way.kind === 'systemd' || wanted(way.base).length === 3;
  const evidence = `by ${way.evidence}: each VM may take ${more}`;
  if (complete) return { status: 'ok', item, evidence };
  return { status: config.required ? 'error' : 'warning', item, evidence, repair: REPAIR };
}
