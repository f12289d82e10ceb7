import { readFile } from 'node:fs/promises';
import { configPath, resolveDirs } from '@nook/wire';
import type { Env } from './start-daemon.ts';

/** Program and arguments of the daemon of this home. */
export async function daemonCommand(env: Env, otherwise: readonly string[]): Promise<readonly string[]> {
  return (await configuredCommand(configPath(resolveDirs(env)))) ?? otherwise;
}

/**
 * `[daemon] command` of config.toml. A file that cannot be read or parsed counts as one without it: the daemon then
 * started reads it too, and says what is wrong with it.
 */
export async function configuredCommand(configFile: string): Promise<string[] | undefined> {
  let text: string;
  try {
    text = await readFile(configFile, 'utf8');
  } catch {
    return undefined;
  }
  // Loaded only where there is a file: the start of every command waits for this module.
  const { parse } = await import('smol-toml');
  try {
    const { command } = (parse(text).daemon ?? {}) as { readonly command?: unknown };
    const words = Array.isArray(command) ? command : [];
    return words.length > 0 && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    return undefined;
  }
}
