import { totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { VmLimits } from '../contract.ts';
import { readFigures } from './cgroup-files.ts';
import type { LimitsConfig } from './limits-config.ts';
import { cgroupOf } from './own-cgroup.ts';
import { figuresFor, type ScopeFigures } from './scope-figures.ts';
import { enterCgroup } from './vm-cgroup.ts';
import { findWay, type Way } from './ways.ts';

interface LimitedVm {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly memory_bytes: number;
  readonly accelerator: string | undefined;
}

/** Where the processes of one VM are going to be. */
export interface VmScope {
  /** Directory of a cgroup that whoever sees the VM end has to remove. */
  readonly cgroup?: string;
  /**
   * Puts the VM's first process there; what it starts afterwards is born there.
   * @returns what holds, as the kernel says it
   * @throws NookError `unavailable` when limits are required and one does not hold
   */
  enter(pid: number): Promise<VmLimits>;
}

/** Holds VMs to what they may take of the host. */
export class Limits {
  readonly #config: LimitsConfig;
  #way: Promise<Way> | undefined;

  constructor(config: LimitsConfig) {
    this.#config = config;
  }

  /** How VMs are held to limits. Found out once; while there is no way, whenever it is asked. */
  async way(): Promise<Way> {
    const known = await this.#way;
    if (known && known.kind !== 'none') return known;
    const found = findWay(this.#config.by);
    this.#way = found;
    return found;
  }

  async prepare(vm: LimitedVm): Promise<VmScope> {
    const way = await this.way();
    const figures = figuresFor(vm, this.#config, totalmem());
    const scope = scopeName(vm.id);
    const cgroup = way.kind === 'cgroup' ? join(way.base, scope) : undefined;
    return {
      ...(cgroup === undefined ? {} : { cgroup }),
      enter: async (pid) => {
        const limits = await enter(way, { pid, scope, figures, name: vm.name }).catch(
          (error: Error): VmLimits => ({ kind: 'none', reason: `${failed(way)}: ${error.message}` }),
        );
        if (limits.reason !== undefined && this.#config.required) throw refusal(vm.name, limits.reason);
        return limits;
      },
    };
  }
}

/** What the cgroup of a VM is called, with systemd and without. */
export function scopeName(id: string): string {
  return `nook-vm-${id}.scope`;
}

interface Entry {
  readonly pid: number;
  readonly scope: string;
  readonly figures: ScopeFigures;
  readonly name: string;
}

async function enter(way: Way, { pid, scope, figures, name }: Entry): Promise<VmLimits> {
  if (way.kind === 'none') return way;
  if (way.kind === 'systemd') {
    await way.manager.startScope({ unit: scope, description: `VM ${name} of nook`, pids: [pid], figures });
  } else {
    await enterCgroup(join(way.base, scope), pid, figures);
  }
  const cgroup = cgroupOf(pid)?.dir;
  if (cgroup === undefined || basename(cgroup) !== scope) throw new Error('its process is not there');
  const held = readFigures(cgroup);
  const names = { memory: held.memory_bytes, cpu: held.cpus, pids: held.pids };
  const missing = Object.entries(names).flatMap(([controller, figure]) => (figure === undefined ? [controller] : []));
  const reason = `its cgroup has no controller for ${missing.join(', ')}`;
  return { kind: way.kind, scope, cgroup, ...held, ...(missing.length === 0 ? {} : { reason }) };
}

function failed(way: Way): string {
  return way.kind === 'systemd' ? 'systemd did not make a scope' : 'no cgroup could be made';
}

function refusal(name: string, reason: string): NookError {
  return new NookError('unavailable', `VM '${name}' cannot be held to limits: ${reason}.`, {
    hint: 'See what is missing: nook doctor. Or start it without: required = false of [vm.limits] in config.toml.',
  });
}
