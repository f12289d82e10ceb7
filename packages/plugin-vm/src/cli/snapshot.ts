import type { CliCommand, CliPositional } from '@nook/daemonapi';
import { ago } from './ago.ts';
import { formatMebibytes } from './mebibytes.ts';

const VM: CliPositional = { name: 'VM', required: true, help: 'name of the VM' };
const NAME: CliPositional = { name: 'NAME', required: true, help: 'name of the snapshot' };

export const snapshotCreate: CliCommand = {
  name: 'vm snapshot create',
  summary: 'Keep a VM as it is now: its disk, and its memory when it runs',
  positionals: [VM, { ...NAME, help: 'a DNS label, unique among the snapshots of the VM' }],
  options: { 'disk-only': { help: 'leave its memory out' } },
  examples: ['nook vm snapshot create web before-upgrade', 'nook vm snapshot create --disk-only web daily'],
  async run({ positionals, options, context }) {
    using progress = context.progress();
    const snapshot = await context.call(
      'vm.snapshot.create',
      {
        name: positionals.VM as string,
        snapshot: positionals.NAME as string,
        ...(options['disk-only'] === true ? { disk_only: true } : {}),
      },
      { onProgress: (update) => progress.update(update) },
    );
    if (context.json) return context.out.json(snapshot);
    context.out.line(snapshot.name);
    if (snapshot.pause_ms !== undefined) context.out.note(`the VM stood still for ${Math.round(snapshot.pause_ms)} ms`);
  },
};

export const snapshotList: CliCommand = {
  name: 'vm snapshot list',
  aliases: ['vm snapshot ls'],
  summary: 'List the snapshots of a VM, and which came after which',
  positionals: [VM],
  examples: ['nook vm snapshot list web'],
  async run({ positionals, context }) {
    const snapshots = await context.call('vm.snapshot.list', { name: positionals.VM as string });
    if (context.json) return context.out.json(snapshots);
    const now = Date.now();
    context.out.table(
      ['NAME', 'PARENT', 'HOLDS', 'DISK', 'MEMORY', 'CREATED', 'NOW'],
      snapshots.map(({ name, parent, memory, disk_bytes, memory_bytes, created_at, current }) => [
        ...[name, parent ?? '-', memory ? 'disk, memory' : 'disk'],
        ...[formatMebibytes(disk_bytes), memory ? formatMebibytes(memory_bytes) : '-'],
        ...[ago(now - created_at), current ? 'yes' : ''],
      ]),
    );
  },
};

export const snapshotRestore: CliCommand = {
  name: 'vm snapshot restore',
  summary: 'Bring a VM back to a snapshot; one with memory runs then',
  positionals: [VM, NAME],
  options: {
    force: { help: 'also when the VM runs or is suspended: what it has in its memory is lost' },
    'disk-only': { help: 'only the disk of it; the VM is stopped then' },
  },
  examples: ['nook vm snapshot restore --force web before-upgrade'],
  async run({ positionals, options, context }) {
    using progress = context.progress();
    const vm = await context.call(
      'vm.snapshot.restore',
      {
        name: positionals.VM as string,
        snapshot: positionals.NAME as string,
        ...(options.force === true ? { force: true } : {}),
        ...(options['disk-only'] === true ? { disk_only: true } : {}),
      },
      { onProgress: (update) => progress.update(update) },
    );
    if (context.json) context.out.json(vm);
    else context.out.line(`${vm.name} ${vm.state}`);
  },
};

export const snapshotRm: CliCommand = {
  name: 'vm snapshot rm',
  summary: 'Remove a snapshot; what came after it is not touched',
  positionals: [VM, NAME],
  examples: ['nook vm snapshot rm web before-upgrade'],
  async run({ positionals, context }) {
    const removed = await context.call('vm.snapshot.remove', {
      name: positionals.VM as string,
      snapshot: positionals.NAME as string,
    });
    if (context.json) context.out.json(removed);
    else context.out.line(removed.snapshot);
  },
};
