import { isDeepStrictEqual } from 'node:util';
import type { CliContext } from '@nook/daemonapi';
import type { Applied } from '../../contract.ts';
import { putSecrets } from './guest-secrets.ts';
import type { LookedAt } from './look.ts';
import { shapeOf } from './machine-plan.ts';
import { createWords, policyWords, setWords } from './machine-words.ts';
import { putFile } from './project-files.ts';
import type { Project, ProjectMachine } from './read-project.ts';
import { jsonOf, runQuietly } from './run-quietly.ts';
import { serviceDefinitions } from './service-definitions.ts';

/** Makes one machine what the file says. What was done is recorded at once, so that a later call goes on from there. */
export async function bringUp(context: CliContext, project: Project, looked: LookedAt): Promise<void> {
  const { wanted, plan } = looked;
  const { vm } = wanted;
  const isNew = plan.action === 'create' || plan.action === 'recreate';
  let applied = isNew ? undefined : looked.facts.applied;
  const record = (change: Partial<Applied>) => {
    const networks = project.networks.map(({ name }) => name).filter((name) => name === wanted.network);
    applied = {
      ...{ shape: shapeOf(wanted), files: {}, ...applied, ...change, ...standing(wanted) },
      ...(networks.length > 0 && { networks }),
    };
    const { file, name } = project;
    return context.call('project.record', { vm, file, project: name, machine: wanted.machine, applied });
  };

  if (plan.action === 'none') {
    const { secrets, depends_on } = applied ?? {};
    if (!isDeepStrictEqual({ secrets, depends_on }, standing(wanted))) await record({});
    return;
  }
  if (plan.action === 'recreate') {
    await rehearse(context, project, looked);
    await runQuietly(context, ['vm', 'rm', '--force', vm]);
  }
  if (isNew) {
    await jsonOf(context, ['vm', 'create', ...createWords(project.name, wanted)]);
    await record({});
  } else {
    await change(context, looked);
    await record({ shape: shapeOf(wanted) });
  }
  if (plan.action === 'restart') await runQuietly(context, ['vm', 'restart', vm]);
  else if (looked.facts.vm?.state === 'paused') await runQuietly(context, ['vm', 'resume', vm]);
  else if (plan.action !== 'change') await runQuietly(context, ['vm', 'start', vm]);

  const { files } = looked.facts;
  const missing = Object.keys(files).filter((target) => files[target] !== applied?.files[target]);
  for (const target of missing) await putFile(context, wanted, target);
  if (missing.length > 0) await record({ files });
  await bringWorkspace();
  const names = plan.action === 'change' ? looked.facts.secrets : [...looked.secrets.keys()];
  await putSecrets(context, wanted, { names, secrets: looked.secrets });
  const services = serviceDefinitions(wanted);
  if (Object.keys(services).length > 0 || looked.facts.services.length > 0) {
    await context.call('project.services.set', { vm, services });
  }

  async function bringWorkspace(): Promise<void> {
    const { workspace } = wanted;
    if (workspace === undefined) return;
    const { path, guest_path: to } =
      typeof workspace === 'string' ? { path: workspace, guest_path: undefined } : workspace;
    if (path === applied?.workspace) return;
    await runQuietly(context, ['workspace', 'prepare', ...(to === undefined ? [] : ['--guest-path', to]), vm, path]);
    await record({ workspace: path });
  }
}

/** What is recorded of a machine, and asks for nothing to be done. */
function standing({ secrets = {}, depends_on = [] }: ProjectMachine): Pick<Applied, 'secrets' | 'depends_on'> {
  return { secrets: Object.keys(secrets), depends_on };
}

/** A VM that cannot be made is not to cost the disk of the one that there is. */
async function rehearse(context: CliContext, project: Project, { wanted }: LookedAt): Promise<void> {
  const { ip: _, ...rest } = wanted;
  const words = createWords(project.name, { ...rest, vm: `${wanted.vm.slice(0, 50)}-rehearsal`, publish: [] });
  const { name } = await jsonOf<{ name: string }>(context, ['vm', 'create', ...words]);
  await runQuietly(context, ['vm', 'rm', name]);
}

/** What can be changed of the VM itself, running or not. */
async function change(context: CliContext, { wanted, plan }: LookedAt): Promise<void> {
  const { vm } = wanted;
  const of = (kind: string) => plan.changes.filter((each) => each.kind === kind).map(({ what }) => what);
  if (of('setting').length > 0) await runQuietly(context, ['vm', 'set', ...setWords(wanted), vm]);
  if (of('unpublish').length > 0) await runQuietly(context, ['net', 'unpublish', vm, ...of('unpublish')]);
  if (of('publish').length > 0) await runQuietly(context, ['net', 'publish', vm, ...of('publish')]);
  if (of('egress').length > 0) await runQuietly(context, ['net', 'policy', 'set', vm, ...policyWords(wanted)]);
}
