import { type CliContext, isNookError, NookError } from '@nook/daemonapi';
import type { ProjectNetwork } from './read-project.ts';
import { jsonOf, runQuietly } from './run-quietly.ts';

/** Names of those that are missing. @throws NookError `conflict` for one that is there and another one than the file says */
export async function missingNetworks(context: CliContext, networks: readonly ProjectNetwork[]): Promise<string[]> {
  const found = await Promise.all(networks.map(({ name }) => networkIfAny(context, name)));
  for (const [index, { name, subnet, isolated }] of networks.entries()) {
    const there = found[index];
    if (there === undefined) continue;
    if (isolated === there.isolated && (subnet === undefined || subnet === there.subnet)) continue;
    throw new NookError('conflict', `Network '${name}' is not as the file says: a network cannot be changed.`, {
      hint: `Remove its machines, and then the network: nook net rm ${name}`,
    });
  }
  return networks.filter((_, index) => found[index] === undefined).map(({ name }) => name);
}

export async function makeNetwork(context: CliContext, { name, subnet, isolated }: ProjectNetwork): Promise<void> {
  const flags = [...(subnet === undefined ? [] : ['--subnet', subnet]), ...(isolated ? ['--isolated'] : [])];
  await runQuietly(context, ['net', 'create', ...flags, name]);
}

async function networkIfAny(
  context: CliContext,
  name: string,
): Promise<{ readonly subnet: string; readonly isolated: boolean } | undefined> {
  try {
    return await jsonOf(context, ['net', 'show', name]);
  } catch (error) {
    if (isNookError(error) && error.code === 'not_found') return undefined;
    throw error;
  }
}
