import type { Config } from './config.ts';
import type { ReloadReport } from './contract.ts';
import type { PluginSet } from './plugin-set.ts';

/** Dotted keys whose values differ, at the depth where they do. */
function changedKeys(before: unknown, after: unknown, path = ''): string[] {
  if (isTable(before) && isTable(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changedKeys(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

/**
 * Takes over of a new configuration what can be while the daemon runs.
 * @returns the configuration that is in force from now on, and what became of each key that changed
 */
export async function reload(
  current: Config,
  next: Config,
  plugins: PluginSet,
): Promise<{ readonly config: Config; readonly report: ReloadReport }> {
  const applied = changedKeys(current.daemon, next.daemon, 'daemon');
  const restart = current.imagesStore === next.imagesStore ? [] : ['images.store'];
  const sections = new Map(current.plugins);
  for (const slot of plugins.slots) {
    const section = next.plugins.get(slot.name);
    const changed = changedKeys(current.plugins.get(slot.name), section, slot.name);
    if (changed.length === 0) continue;
    const left = await plugins.reload(slot, section);
    // Without the hook nobody takes anything over.
    const needs =
      left === undefined ? changed : changed.filter((key) => left.some((name) => within(key, `${slot.name}.${name}`)));
    restart.push(...needs);
    applied.push(...changed.filter((key) => !needs.includes(key)));
    // What waits for a restart stays a difference, and so is told again by the next reload.
    if (needs.length === 0) sections.set(slot.name, section);
  }
  const config = { ...next, imagesStore: current.imagesStore, plugins: sections };
  return { config, report: { applied, restart_needed: restart } };
}

function within(key: string, name: string): boolean {
  return key === name || key.startsWith(`${name}.`);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
