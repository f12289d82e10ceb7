import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MachineSpec } from '../../packages/daemonapi/src/index.ts';
import { inheritedFiles, qemuArguments } from '../../packages/plugin-vm/src/qemu/qemu-argv.ts';
import { type QemuSettings, SOCKETS } from '../../packages/plugin-vm/src/qemu/qemu-settings.ts';
import { spawnQemu } from '../../packages/plugin-vm/src/qemu/spawn-qemu.ts';

const DEADLINE_MS = 60_000;

/** What QEMU was started with for a VM that ran. */
export async function machineOf(vmDir: string): Promise<MachineSpec> {
  return (JSON.parse(await readFile(join(vmDir, 'spec.json'), 'utf8')) as { machine: MachineSpec }).machine;
}

/**
 * The same QEMU, kernel, initramfs, devices and disk without nook: milliseconds from the start of the process to the
 * first byte that the agent sends, its HELLO. What a cold start cannot go below.
 */
export async function bareQemuBoot(spec: MachineSpec): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'nook-bench-'));
  const disk = join(dir, 'disk.qcow2');
  const base = spec.disk.layers.at(-1)?.path as string;
  const settings = spec.settings as unknown as QemuSettings;
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, disk]);
  const hello = Promise.withResolvers<number>();
  const agent = createServer((socket) => socket.once('data', () => hello.resolve(performance.now())));
  const qmp = createServer();
  agent.listen(join(dir, SOCKETS.agent));
  qmp.listen(join(dir, SOCKETS.qmp));
  await Promise.all([once(agent, 'listening'), once(qmp, 'listening')]);

  const began = performance.now();
  const machine = { ...spec, dir, work_dir: dir, disk: { ...spec.disk, path: disk } };
  const qemu = spawnQemu(settings.program, qemuArguments(machine, settings), {
    cwd: dir,
    inherit: inheritedFiles(machine),
  });
  const exited = once(qemu, 'exit');
  qemu.stdout?.resume();
  qemu.stderr?.pipe(process.stderr);
  const timer = setTimeout(() => hello.reject(new Error('the bare QEMU said nothing in time')), DEADLINE_MS);
  void exited.then(([code]) => hello.reject(new Error(`the bare QEMU ended with ${code}`)));
  try {
    return (await hello.promise) - began;
  } finally {
    clearTimeout(timer);
    qemu.kill('SIGKILL');
    await exited;
    agent.close();
    qmp.close();
    await rm(dir, { recursive: true });
  }
}
