import { type CliContext, isNookError, NookError } from '@nook/daemonapi';
import type { ProjectMachineView } from '../../contract.ts';
import { readSecrets, type Secrets, secretsThatDiffer } from './guest-secrets.ts';
import { type MachineFacts, type MachinePlan, planMachine } from './machine-plan.ts';
import { setWords } from './machine-words.ts';
import type { PublishedPort } from './port-changes.ts';
import { fileHashes } from './project-files.ts';
import { missingNetworks } from './project-networks.ts';
import type { Project, ProjectMachine } from './read-project.ts';
import { jsonOf } from './run-quietly.ts';

/** A machine of the file beside what there is of it. */
export interface LookedAt {
  readonly wanted: ProjectMachine;
  readonly facts: MachineFacts;
  readonly plan: MachinePlan;
  readonly secrets: Secrets;
}

/** All that the file names, beside what there is of it. */
interface Look {
  readonly machines: readonly LookedAt[];
  readonly missingNetworks: readonly string[];
  /** VMs that were made for the file, and that it does not name any more. */
  readonly others: readonly string[];
}

interface VmView {
  readonly state: string;
  readonly network: { readonly publish: readonly PublishedPort[] };
}

const NO_SETTINGS = { changed: [], restart_needed: [] };

/** Compares every machine with what there is, and changes nothing but `env`, which loses the secrets. @throws NookError `conflict` for somebody else's VM */
export async function lookAt(
  context: CliContext,
  { file, machines, networks }: Project,
  env: Record<string, string | undefined>,
): Promise<Look> {
  const all = await Promise.all(machines.map((wanted) => readSecrets(wanted, env)));
  forgetVariables(machines, env);
  const recorded = await context.call('project.list', { file });
  const looked = machines.map(async (wanted, index) => {
    const secrets = all[index] as Secrets;
    const facts = await factsOf(context, wanted, { secrets, recorded, file });
    return { wanted, secrets, facts, plan: planMachine(wanted, facts) };
  });
  const names = machines.map(({ vm }) => vm);
  return {
    machines: await Promise.all(looked),
    missingNetworks: await missingNetworks(context, networks),
    others: recorded.map(({ name }) => name).filter((name) => !names.includes(name)),
  };
}

/** A daemon that is started from here would have them in its environment for all its life. */
function forgetVariables(machines: readonly ProjectMachine[], env: Record<string, string | undefined>): void {
  for (const from of machines.flatMap(({ secrets = {} }) => Object.values(secrets))) {
    if ('env' in from) delete env[from.env];
  }
}

interface Known {
  readonly secrets: Secrets;
  readonly recorded: readonly ProjectMachineView[];
  readonly file: string;
}

async function factsOf(
  context: CliContext,
  wanted: ProjectMachine,
  { secrets, recorded, file }: Known,
): Promise<MachineFacts> {
  const { vm: name } = wanted;
  const files = await fileHashes(wanted);
  const view = await vmIfAny(context, name);
  if (view === undefined) return { settings: NO_SETTINGS, files, secrets: [], services: [] };
  const known = recorded.find((each) => each.name === name);
  if (known === undefined) {
    throw new NookError('conflict', `There is a VM named '${name}' that is none of '${file}'.`, {
      hint: `Give the project another name in the file, or remove the VM: nook vm rm ${name}`,
    });
  }
  const { applied, services } = known;
  const words = setWords(wanted);
  const settings =
    words.length === 0
      ? NO_SETTINGS
      : await jsonOf<MachineFacts['settings']>(context, ['vm', 'set', '--dry-run', ...words, name]);
  return {
    ...{ applied, settings, files, services, vm: { state: view.state, publish: view.network.publish } },
    secrets: view.state === 'running' ? await differing(context, name, { secrets, before: applied.secrets }) : [],
  };
}

/** A machine that never had any is not asked. */
async function differing(
  context: CliContext,
  vm: string,
  { secrets, before }: { readonly secrets: Secrets; readonly before: readonly string[] },
): Promise<string[]> {
  return secrets.size === 0 && before.length === 0 ? [] : secretsThatDiffer(context, vm, secrets);
}

export async function vmIfAny(context: CliContext, name: string): Promise<VmView | undefined> {
  try {
    return await jsonOf<VmView>(context, ['vm', 'show', name]);
  } catch (error) {
    if (isNookError(error) && error.code === 'not_found') return undefined;
    throw error;
  }
}
