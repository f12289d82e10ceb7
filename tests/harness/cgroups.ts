import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isPopulated, readCgroupFile } from '../../packages/plugin-vm/src/limits/cgroup-files.ts';
import { cgroupOf } from '../../packages/plugin-vm/src/limits/own-cgroup.ts';
import { removeCgroup } from '../../packages/plugin-vm/src/limits/vm-cgroup.ts';
import { eventually } from './eventually.ts';

/** A cgroup for a test; whatever is left in it at the end is killed. */
export class TestCgroup implements AsyncDisposable {
  readonly dir: string;

  /** @param mount where the hierarchy of cgroup v2 is */
  constructor(mount: string) {
    this.dir = mkdtempSync(join(mount, 'nook-test-'));
  }

  /** The words of a shell that runs a command in it. */
  running(...argv: readonly string[]): string[] {
    return ['sh', '-c', `echo $$ >"$0/cgroup.procs"; exec "$@"`, this.dir, ...argv];
  }

  get processes(): number[] {
    return processesIn(this.dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of subcgroups(this.dir)) await removeCgroup(join(this.dir, name));
    await removeCgroup(this.dir);
  }
}

export function processesIn(dir: string): number[] {
  return (readCgroupFile(dir, 'cgroup.procs') ?? '').split('\n').filter(Boolean).map(Number);
}

export function subcgroups(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** Cgroups of VMs that nothing runs in: only one that is being made or removed may be so, and for a moment. */
export function strayCgroups(): Promise<string[]> {
  const mount = cgroupOf('self')?.mount;
  const look = () => (mount === undefined ? [] : empty(mount));
  return eventually('cgroups of VMs are removed', look, (found) => found.length === 0, 5_000);
}

function empty(dir: string): string[] {
  return subcgroups(dir).flatMap((name) => {
    const below = join(dir, name);
    try {
      if (/^nook-vm-.*\.scope$/.test(name)) return isPopulated(below) ? [] : [below];
      return empty(below);
    } catch {
      // It went meanwhile.
      return [];
    }
  });
}
