import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CliContext } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import type { SshFiles } from '../../contract.ts';
import { configText } from './config-text.ts';

export interface OwnConfig {
  /** The file that nook writes, beside its keys. */
  readonly path: string;
  readonly text: string;
  readonly files: SshFiles;
}

/** The configuration for ssh, as this program would be started again; nothing is written but the keys, by the daemon. */
export async function ownConfig(context: CliContext): Promise<OwnConfig> {
  const files = await context.call('ssh.files', {});
  const { NOOK_HOME, NOOK_STORE } = process.env;
  const text = configText(files, {
    argv: [process.execPath, ...process.execArgv, resolve(process.argv[1] ?? 'nook')],
    env: { NOOK_HOME: NOOK_HOME && resolve(NOOK_HOME), NOOK_STORE: NOOK_STORE && resolve(NOOK_STORE) },
  });
  return { path: join(dirname(files.identity_file), 'config'), text, files };
}

export async function writeOwnConfig({ path, text }: OwnConfig): Promise<void> {
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present !== text) await writeFileAtomic(path, text);
}
