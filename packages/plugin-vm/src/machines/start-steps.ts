import { randomBytes } from 'node:crypto';
import { NookError } from '@nook/daemonapi';
import type { Verdict } from '../acceleration/probe.ts';
import type { NetworkPlan } from '../contract.ts';
import { qemuUser } from '../driver/spawn-qemu.ts';
import { isAlive, killExactly, type ProcessIdentity } from '../hosts/process-identity.ts';
import { ANSWER_MS, VmhostLink } from '../hosts/vmhost-link.ts';
import { readEnd, startVmhost } from '../hosts/vmhost-process.ts';
import type { HostSpec } from '../vmhost/host-spec.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import { ensureOverlay } from './overlay.ts';
import type { MachineRecord } from './records.ts';
import type { Step } from './step-runner.ts';

/** What the steps of one start share; each fills in what later ones need. */
export interface StartContext {
  readonly record: MachineRecord;
  readonly dir: string;
  readonly boot: number;
  readonly token: string;
  readonly dependencies: Dependencies;
  readonly caller: Caller;
  /** A session is to follow at once: without one the machine is of no use to anybody. */
  readonly sessionExpected: boolean;
  kernel?: { readonly digest: string; readonly vmlinux: string; readonly modules: string };
  initramfs?: string;
  verdict?: Verdict;
  network?: NetworkPlan;
  vmhost?: ProcessIdentity;
  link?: VmhostLink;
}

export function newToken(): string {
  return randomBytes(12).toString('hex');
}

/** A start, from a record to a guest that takes commands. */
export const START_STEPS: readonly Step<StartContext>[] = [
  { name: 'kernel', run: prepareKernel },
  { name: 'initramfs', run: prepareInitramfs },
  { name: 'accelerator', run: chooseAccelerator },
  { name: 'disk', run: prepareDisk },
  { name: 'network', run: planNetwork },
  { name: 'vmhost', run: launchVmhost, undo: endVmhost },
  { name: 'boot', run: awaitReady },
];

async function prepareKernel(context: StartContext): Promise<void> {
  const { dependencies, caller } = context;
  context.kernel = await dependencies.kernels.ensure(dependencies.config.kernel, {
    signal: caller.signal,
    progress: (update) => caller.progress(update),
  });
}

async function prepareInitramfs(context: StartContext): Promise<void> {
  const { initramfs, config } = context.dependencies;
  context.initramfs = await initramfs.ensure(filled(context.kernel), config.machine);
}

async function chooseAccelerator(context: StartContext): Promise<void> {
  const { acceleration, config } = context.dependencies;
  context.verdict = await acceleration.choose(
    { machine: config.machine, vmlinux: filled(context.kernel).vmlinux, initramfs: filled(context.initramfs) },
    context.caller.signal,
  );
}

async function prepareDisk({ record, dir }: StartContext): Promise<void> {
  await ensureOverlay(dir, record, qemuUser(record.id));
}

async function planNetwork(context: StartContext): Promise<void> {
  context.network = await context.dependencies.network.plan(context.record.shape.network);
}

async function launchVmhost(context: StartContext): Promise<void> {
  context.vmhost = await startVmhost(context.dir, hostSpec(context));
  context.link = await VmhostLink.connect(context.dir, context.token, context.caller.opId);
}

function hostSpec(context: StartContext): HostSpec {
  const { record, dir, dependencies, caller } = context;
  const { config } = dependencies;
  const user = qemuUser(record.id);
  return {
    version: 1,
    id: record.id,
    token: context.token,
    op_id: caller.opId,
    boot: context.boot,
    machine: {
      name: record.name,
      dir,
      qemu: config.qemu,
      machine: config.machine,
      accelerator: filled(context.verdict).accelerator,
      vcpus: record.shape.vcpus,
      memory_mib: Math.floor(record.shape.memory_bytes / 1024 ** 2),
      vmlinux: filled(context.kernel).vmlinux,
      initramfs: filled(context.initramfs),
      base_image: record.shape.image_path,
      mac: record.shape.mac,
      network: filled(context.network),
    },
    identity: { hostname: record.name, machine_id: record.shape.machine_id },
    ...(user ? { run_as: user } : {}),
    auto_remove: record.shape.auto_remove,
    init: record.shape.init ?? 'nook',
    session_expected: context.sessionExpected,
    boot_deadline_ms: config.boot_seconds * 1000,
  };
}

async function awaitReady(context: StartContext): Promise<void> {
  const link = filled(context.link);
  const { caller } = context;
  link.onStatus = ({ phase }) => caller.progress({ stage: 'boot', message: phase });
  const ready = await link.until(({ phase }) => phase === 'ready' || phase === 'ended', caller.signal);
  if (ready && link.status?.phase === 'ready') return;
  await link.closed;
  const end = await readEnd(context.dir, context.token);
  throw new NookError(
    'operation_failed',
    `VM '${context.record.name}' did not start: ${end?.cause ?? 'its vmhost died'}.`,
    {
      hint: `Read its console: nook vm logs ${context.record.name}`,
      details: { phase: end?.last_phase ?? 'launch', console: end?.console_tail ?? [] },
    },
  );
}

/** Leaves neither the vmhost nor its QEMU behind. */
async function endVmhost({ link, vmhost, caller }: StartContext): Promise<void> {
  if (link) await link.call('force_stop', {}, { opId: caller.opId, timeoutMs: ANSWER_MS }).catch(() => {});
  if (vmhost && isAlive(vmhost) && !(await endsWithin(link, ANSWER_MS))) killExactly(vmhost);
  await link?.closed;
}

async function endsWithin(link: VmhostLink | undefined, timeoutMs: number): Promise<boolean> {
  if (!link) return false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  return Promise.race([link.closed.then(() => true), late]).finally(() => clearTimeout(timer));
}

function filled<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new Error('a start step ran before the one that it builds on');
}
