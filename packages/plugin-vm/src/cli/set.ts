import { type CliCommand, NookError, type OptionValues } from '@nook/daemonapi';
import type { VmSettings } from '../contract.ts';
import { labelsOf } from './label-options.ts';
import { lifeRequest } from './life-options.ts';
import { wholeNumber } from './shape-options.ts';

export const set: CliCommand = {
  name: 'vm set',
  summary: 'Change what a VM is: at once, or from its next start on',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: {
    label: { value: 'KEY=VALUE', multiple: true, help: 'give it a label, or another value to one' },
    unlabel: { value: 'KEY', multiple: true, help: 'take a label away' },
    vcpus: { value: 'N', help: 'virtual CPUs, from the next start on' },
    disk: { value: 'SIZE', help: 'a larger disk, at once, and its file system with it' },
    restart: { value: 'POLICY', help: 'when it ends by itself: no, on-failure[:MAX] or always' },
    autostart: { value: 'on|off', help: 'start it with the daemon when it is meant to run and does not' },
    'idle-timeout': { value: 'TIME', help: 'stop it after so long without a session, e.g. 30m; off: never' },
    'max-duration': { value: 'TIME', help: 'stop it when it has run so long since its start; off: never' },
    memory: { short: 'm', value: 'SIZE', help: 'memory, e.g. 512MiB or 2G, from the next start on' },
    'dry-run': { help: 'say what would change, and change nothing' },
  },
  examples: [
    'nook vm set --label env=prod --unlabel job web',
    'nook vm set --disk 40G web',
    'nook vm set --restart on-failure:3 --idle-timeout off web',
    'nook vm set --vcpus 2 --memory 2G web',
    'nook vm set --dry-run --memory 2G web',
  ],
  async run({ positionals, options, context }) {
    const settings = settingsOf(options);
    if (Object.keys(settings).length === 0) {
      throw new NookError('bad_params', 'There is nothing to set.', { hint: 'See: nook vm set --help' });
    }
    const dryRun = options['dry-run'] === true;
    const name = positionals.VM as string;
    const answer = await context.call('vm.set', { name, ...settings, ...(dryRun ? { dry_run: true } : {}) });
    if (context.json) return context.out.json(answer);
    if (dryRun) context.out.note(`nook: would change: ${answer.changed.join(', ') || 'nothing'}`);
    if (answer.restart_needed.length > 0) {
      context.out.note(`nook: from the next start on: ${answer.restart_needed.join(', ')}`);
    }
    if (answer.under_way.length > 0)
      context.out.note(`nook: still under way in the guest: ${answer.under_way.join(', ')}`);
    context.out.line(answer.vm.name);
  },
};

/** What each option sets. */
function settingsOf({ autostart, ...options }: OptionValues): VmSettings {
  const removed = (options.unlabel ?? []) as readonly string[];
  const labels = { ...Object.fromEntries(removed.map((key) => [key, null])), ...labelsOf(options.label).labels };
  return {
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(options.vcpus === undefined ? {} : { vcpus: wholeNumber(options.vcpus, 'vcpus') }),
    ...(typeof options.disk === 'string' ? { disk: options.disk } : {}),
    ...lifeRequest(options),
    ...(autostart === undefined ? {} : { autostart: onOrOff(autostart, 'autostart') }),
    ...(typeof options.memory === 'string' ? { memory: options.memory } : {}),
  };
}

function onOrOff(value: OptionValues[string], name: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new NookError('bad_params', `--${name} takes on or off, not '${value}'.`);
}
