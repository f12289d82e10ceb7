import type { CliCommand, DoctorFinding } from '@nook/daemonapi';
import { NookError } from '@nook/daemonapi';
import type {} from '@nook/engine/contract';
import { FAILURE, OK } from '../program/exit-codes.ts';

export const doctor: CliCommand = {
  name: 'doctor',
  summary: 'Look at the host and at nook itself; exit code 1 when something must be repaired',
  options: {
    fix: { help: 'Repair what can be repaired without losing anything, one after the other' },
    'dry-run': { help: 'With --fix: show what it would do, and do nothing' },
    strict: { help: 'Exit code 1 for a warning too' },
  },
  examples: ['nook doctor', 'nook doctor --fix --dry-run', 'nook doctor --fix', 'nook doctor --strict --json'],
  async run({ options, context }) {
    const dry = options['dry-run'] === true;
    if (dry && options.fix !== true) {
      throw new NookError('bad_params', '--dry-run goes with --fix.', { hint: 'nook doctor alone changes nothing.' });
    }
    using progress = context.progress();
    const method = options.fix === true && !dry ? 'daemon.repair' : 'daemon.doctor';
    const report = await context.call(method, {}, { onProgress: (update) => progress.update(update) });
    if (context.json) context.out.json(report);
    else for (const finding of report.findings) for (const line of lines(finding, dry)) context.out.line(line);
    return report.status === 'error' || (options.strict === true && report.status !== 'ok') ? FAILURE : OK;
  },
};

function lines({ status, item, evidence, repair, fix, fixed }: DoctorFinding, dry: boolean): string[] {
  const more = (text: string | undefined) => (text === undefined ? [] : [`         → ${text}`]);
  if (fixed !== undefined) return [`${'fixed'.padEnd(7)}  ${item}: ${evidence}`, ...more(fixed), ...more(repair)];
  return [`${status.padEnd(7)}  ${item}: ${evidence}`, ...more(dry && fix !== undefined ? `would do: ${fix}` : repair)];
}
