import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CONTROLLERS, readCgroupFile } from './cgroup-files.ts';
import type { CgroupPlace } from './own-cgroup.ts';

/** Where the daemon itself goes: a cgroup with processes of its own cannot limit others below it. */
const DAEMON_LEAF = 'nookd';

/**
 * Prepares the cgroup that this process is in for cgroups of VMs below it.
 * @returns its directory
 * @throws with the reason when it is not this process's to divide
 */
export function openDelegation({ dir }: CgroupPlace): string {
  const base = basename(dir) === DAEMON_LEAF ? dirname(dir) : dir;
  requireWritable(base);
  const missing = wanted(base).filter((controller) => !words(base, 'cgroup.subtree_control').includes(controller));
  if (missing.length > 0) enable(base, missing);
  return base;
}

/** The controllers that it has of those that limit VMs. */
export function wanted(base: string): string[] {
  const offered = words(base, 'cgroup.controllers');
  return CONTROLLERS.filter((controller) => offered.includes(controller));
}

function requireWritable(base: string): void {
  try {
    for (const path of [base, join(base, 'cgroup.procs'), join(base, 'cgroup.subtree_control')]) {
      accessSync(path, constants.W_OK);
    }
  } catch {
    throw new Error(`the cgroup ${base} is not delegated to this user`);
  }
}

function enable(base: string, controllers: readonly string[]): void {
  const order = controllers.map((controller) => `+${controller}`).join(' ');
  const write = () => writeFileSync(join(base, 'cgroup.subtree_control'), order);
  try {
    write();
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
  }
  const moved = own(base);
  const leaf = join(base, DAEMON_LEAF);
  mkdirSync(leaf, { recursive: true });
  for (const pid of moved) move(pid, leaf);
  try {
    write();
  } catch {
    const others = words(base, 'cgroup.procs').length;
    for (const pid of moved) move(pid, base);
    rmdirSync(leaf);
    throw new Error(`the cgroup ${base} has ${others} other processes in it, so that it cannot be divided`);
  }
}

/** This process and its children, as far as they are in this cgroup. */
function own(base: string): string[] {
  const members = words(base, 'cgroup.procs');
  const tasks = readdirSync('/proc/self/task');
  const children = tasks.flatMap((task) => {
    const listed = readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim();
    return listed === '' ? [] : listed.split(' ');
  });
  return members.filter((pid) => pid === String(process.pid) || children.includes(pid));
}

function move(pid: string, to: string): void {
  try {
    writeFileSync(join(to, 'cgroup.procs'), pid);
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function words(dir: string, name: string): string[] {
  return readCgroupFile(dir, name)?.split(/\s+/).filter(Boolean) ?? [];
}
