import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';

interface Examined {
  examine(signal: AbortSignal): Promise<readonly DoctorFinding[]>;
}

/** What features find when they look at each VM that they take part in. */
export function featureCheck(machines: { all(): readonly Examined[] }): DoctorCheck {
  return {
    name: 'vm.features',
    async run(signal) {
      const found = await Promise.all(machines.all().map((machine) => machine.examine(signal)));
      const findings = found.flat();
      if (findings.length > 0) return findings;
      return [{ status: 'ok', item: 'features', evidence: 'nothing is wrong with what plugins added to VMs' }];
    },
  };
}
