import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliContext } from '@nook/daemonapi';
import type { PlannedTool } from '../../contract.ts';

const MAX_FILE = 256 * 1024;

/** What tools a folder of this host wants, as the detectors of the daemon read its files. */
export async function toolingOf(context: CliContext, folder: string): Promise<readonly PlannedTool[]> {
  const { files: wanted } = await context.call('workspace.tooling.files', {});
  const read = await Promise.all(wanted.map(async (name) => [name, await textOf(join(folder, name))] as const));
  const files = Object.fromEntries(read.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return (await context.call('workspace.tooling.plan', { files })).tools;
}

/** Undefined: not there, no file, or too large to be one that a person wrote. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const about = await file.stat();
    if (!about.isFile() || about.size > MAX_FILE) return undefined;
    return (await file.readFile('utf8')).slice(0, MAX_FILE);
  } catch {
    return undefined;
  }
}

export function toolLine({ tool, version, file, why, skipped }: PlannedTool): string {
  return `  ${tool} ${version ?? 'any'} (${file}: ${why})${skipped === undefined ? '' : `, skipped: ${skipped}`}`;
}
