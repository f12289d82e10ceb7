import { type CliContext, type CliOption, type CliPositional, NookError, type OptionValues } from '@nook/daemonapi';
import { VMS } from './each-vm.ts';

export const FILTER: Readonly<Record<string, CliOption>> = {
  filter: {
    value: 'KIND=VALUE',
    multiple: true,
    help: 'those of which it holds: label=KEY[=VALUE], state=STATE, image=IMAGE, name=GLOB; of several, all',
  },
};

/** Options of commands that take VMs by name or by what holds of them. */
export const CHOICE: Readonly<Record<string, CliOption>> = { ...FILTER, all: { help: 'all VMs there are' } };

export const CHOSEN_VMS: readonly CliPositional[] = VMS.map((vms) => ({ ...vms, unless: Object.keys(CHOICE) }));

/** The names that were given, or those of the VMs that the options choose. @throws NookError `bad_params` when both are there */
export async function chosenVms(
  context: CliContext,
  named: string | readonly string[] | undefined,
  options: OptionValues,
): Promise<readonly string[]> {
  const names = typeof named === 'string' ? [named] : (named ?? []);
  if (options.filter === undefined && options.all !== true) return names;
  if (names.length > 0) {
    throw new NookError('bad_params', 'It takes names of VMs, or --filter and --all, not both.', {
      hint: 'Choose by name too: --filter name=GLOB',
    });
  }
  const vms = await context.list('vm.list', filterOf(options));
  if (vms.length === 0) context.out.note('nook: there is no such VM');
  return vms.map(({ name }) => name);
}

export function filterOf(options: OptionValues): { readonly filter?: readonly string[] } {
  return options.filter === undefined ? {} : { filter: options.filter as readonly string[] };
}
