import type { CliCommand } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';
import { FAILURE, OK } from '../program/exit-codes.ts';

export const doctor: CliCommand = {
  name: 'doctor',
  summary: 'Look at the host and at nook itself; exit code 1 when something must be repaired',
  options: { fix: { help: 'Repair what can be repaired without losing anything' } },
  examples: ['nook doctor', 'nook doctor --fix', 'nook doctor --json'],
  async run({ options, context }) {
    using progress = context.progress();
    const method = options.fix === true ? 'daemon.repair' : 'daemon.doctor';
    const report = await context.call(method, {}, { onProgress: (update) => progress.update(update) });
    if (context.json) {
      context.out.json(report);
    } else {
      for (const { status, item, evidence, repair } of report.findings) {
        context.out.line(`${status.padEnd(7)}  ${item}: ${evidence}`);
        if (repair !== undefined) context.out.line(`         → ${repair}`);
      }
    }
    return report.status === 'error' ? FAILURE : OK;
  },
};
