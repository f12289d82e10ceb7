import { join } from 'node:path';
import type { Shown } from './busybox-vm.ts';
import { eventually } from './eventually.ts';
import { Home } from './home.ts';

export interface Operation {
  readonly op_id: string;
  readonly method: string;
  readonly state: string;
  readonly stages: readonly { readonly stage: string }[];
  readonly error?: { readonly message: string };
}

export interface Template {
  readonly key: string;
  readonly image: string;
  readonly memory_bytes: number;
  readonly created_at: number;
}

/** A home whose daemon reads this configuration. */
export function homeWith(...config: readonly string[]): Promise<Home> {
  return Home.create({ config: config.join('\n') });
}

export const templateDir = (home: Home, key: string) => join(home.dir, 'cache/templates', key);

export const templates = (home: Home) => home.json<Template[]>('vm', 'template', 'list');

export const operations = (home: Home, method: string) =>
  home.json<Operation[]>('op', 'list').then((all) => all.filter((operation) => operation.method === method));

/** Waits until nothing is being made any more, and so many were. */
export async function built(home: Home, method: string, count: number): Promise<void> {
  const all = await eventually(
    `${count} of ${method}`,
    () => operations(home, method),
    (found) => found.length >= count && found.every(({ state }) => state !== 'running'),
    60_000,
  );
  const failed = all.find(({ state }) => state === 'failed');
  if (failed) throw new Error(`${method} failed: ${failed.error?.message}`);
}

export const show = (home: Home, name: string) => home.json<Shown & { readonly fallback?: string }>('vm', 'show', name);

export async function text(home: Home, name: string, script: string): Promise<string> {
  return (await home.ok('vm', 'exec', name, '--', 'sh', '-c', script)).trim();
}
