import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MACHINE_FILES, type MachineSpec } from '../../packages/plugin-vm/src/driver/machine-spec.ts';
import { qemuArguments } from '../../packages/plugin-vm/src/driver/qemu-argv.ts';
import { spawnQemu } from '../../packages/plugin-vm/src/driver/spawn-qemu.ts';

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
  const disk = join(dir, MACHINE_FILES.disk);
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', spec.base_image, disk]);
  const hello = Promise.withResolvers<number>();
  const agent = createServer((socket) => socket.once('data', () => hello.resolve(performance.now())));
  const qmp = createServer();
  agent.listen(join(dir, MACHINE_FILES.agent));
  qmp.listen(join(dir, MACHINE_FILES.qmp));
  await Promise.all([once(agent, 'listening'), once(qmp, 'listening')]);

  const began = performance.now();
  const qemu = spawnQemu(spec.qemu, qemuArguments({ ...spec, dir }), {
    cwd: dir,
    inherit: [spec.base_image, spec.vmlinux, spec.initramfs],
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
