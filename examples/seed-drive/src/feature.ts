import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FeatureVm, NookError, type VmFeature } from '@nook/daemonapi';
import type { Drives } from './drives.ts';
import { copyFromDrive, overwrite, SERIAL } from './guest-file.ts';
import { type SeedPart, seedPart } from './part.ts';

const SECTOR = 512;

/** Brings a text into VMs that ask for it: on a read-only drive, copied from there when the guest is up. */
export function seedDrive(drives: Drives): VmFeature<SeedPart> {
  return {
    name: 'seed-drive',
    schema: seedPart,
    deadlines: { postStart: 20_000 },
    preflight({ part }) {
      if (!part.path.endsWith('/')) return;
      throw new NookError('bad_params', `'${part.path}' is no place for a file.`, { hint: 'Give it a name.' });
    },
    async prepareHost(vm, signal) {
      drives.add(vm.id, { vm: vm.name, bytes: Buffer.byteLength(vm.part.text) });
      await writeFile(drivePath(vm), inSectors(vm.part.text), { mode: 0o600, signal });
    },
    machine: (vm) => ({ drives: [{ path: drivePath(vm), format: 'raw', read_only: true, serial: SERIAL }] }),
    postStart: (vm, guest) => copyFromDrive(guest, vm.part),
    // The file goes with the folder that it is in.
    cleanup: (vm) => drives.remove(vm.id),
    async applyChange(vm, { kind, part, guest }) {
      if (kind !== 'part') throw new NookError('unavailable', `A change of ${kind} is nothing that it knows.`);
      if (part.path !== vm.part.path) {
        throw new NookError('conflict', `The text of '${vm.name}' stays at ${vm.part.path} while it runs.`);
      }
      await overwrite(guest, part);
    },
    async doctor(vm) {
      if (vm.state !== 'running') return [];
      const there = await readFile(drivePath(vm)).catch(() => undefined);
      if (there?.subarray(0, Buffer.byteLength(vm.part.text)).toString() === vm.part.text) return [];
      return [
        {
          status: 'warning',
          item: 'drive',
          evidence: there ? 'the text has changed since the VM started' : `its file is gone: ${drivePath(vm)}`,
          repair: `Start the VM anew: nook vm restart ${vm.name}`,
        },
      ];
    },
  };
}

function drivePath({ dir }: FeatureVm<SeedPart>): string {
  return join(dir, 'seed.img');
}

/** Drives are whole sectors: the rest is zeros. */
function inSectors(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([bytes, Buffer.alloc((SECTOR - (bytes.length % SECTOR)) % SECTOR)]);
}
