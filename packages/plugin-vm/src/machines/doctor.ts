import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import type { MachineRecord } from './records.ts';

interface Examined {
  readonly record: MachineRecord;
  lost(): Promise<string | undefined>;
}

/** Whether each VM has what it had. */
export function partsCheck(machines: { all(): readonly Examined[] }): DoctorCheck {
  return {
    name: 'vm.parts',
    async run() {
      const all = machines.all();
      const found = await Promise.all(all.map(async (vm) => finding(vm.record.name, await vm.lost())));
      const findings = found.filter((one) => one !== undefined);
      if (findings.length > 0) return findings;
      return [{ status: 'ok', item: 'VMs', evidence: `${all.length} with their record, image and disk` }];
    },
  };
}

function finding(name: string, lost: string | undefined): DoctorFinding | undefined {
  if (lost === undefined) return undefined;
  return { status: 'error', item: `VM '${name}'`, evidence: lost, repair: `Remove it: nook vm rm --force ${name}` };
}
