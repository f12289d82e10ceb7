import type { CliCommand } from '@nook/daemonapi';
import type { EgressSpec, EgressView } from '../contract.ts';

type Context = Parameters<CliCommand['run']>[0]['context'];

const WIDTH = 12;

export const VM: NonNullable<CliCommand['positionals']> = [{ name: 'VM', required: true, help: 'the VM' }];

export function policyText({ mode, audit, allow }: EgressSpec): string {
  return [audit ? 'audit' : mode, ...allow].join(' ');
}

export function printPolicy({ json, out }: Context, view: EgressView): void {
  if (json) {
    out.json(view);
    return;
  }
  const { vm, network, egress, manager, enforced, unreported } = view;
  const rows = { vm, network, policy: egress.audit ? 'audit' : egress.mode, manager };
  for (const [field, value] of Object.entries(rows)) out.line(`${field.padEnd(WIDTH)}${value}`);
  for (const target of egress.allow) out.line(`${'allow'.padEnd(WIDTH)}${target}`);
  if (enforced && enforced.mode !== egress.mode) out.line(`${'enforced'.padEnd(WIDTH)}${enforced.mode}`);
  if (unreported !== undefined) out.note(`What is refused makes no events: ${unreported}`);
}
