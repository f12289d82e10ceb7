import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type MachineContribution,
  type MachineKernel,
  type MachineSpec,
  NookError,
  type VmDriver,
  type VmDriverSetup,
} from '@nook/daemonapi';
import { isAlive, killExactly, type ProcessIdentity } from '@nook/wire';
import type { NetworkPlan, VmLimits } from '../contract.ts';
import { featureGuest } from '../features/guest-exec.ts';
import type { StartFeatures } from '../features/start-features.ts';
import { clearAway } from '../hosts/leftovers.ts';
import { ANSWER_MS, VmhostLink } from '../hosts/vmhost-link.ts';
import { readEnd, startVmhost } from '../hosts/vmhost-process.ts';
import type { VmScope } from '../limits/vm-limits.ts';
import { SAVED_FOLDER, type SavedManifest } from '../saved/saved-machine.ts';
import { checkSaved, savedState } from '../saved/take-up.ts';
import { limitsOf } from '../supervision/life.ts';
import type { TemplateInputs } from '../templates/template-key.ts';
import type { FoundTemplate } from '../templates/templates.ts';
import { DISK_FILE, FILL_MS, type HostSpec, VM_FILES } from '../vmhost/host-spec.ts';
import type { Caller, Dependencies } from './dependencies.ts';
import { requireCapability } from './drivers.ts';
import { forgetBoots } from './forget-boots.ts';
import type { GuestBuild } from './guest-builds.ts';
import { machineUser } from './machine-user.ts';
import { mountsOf, requireMounts, shareTag } from './mounts.ts';
import { ensureOverlay } from './overlay.ts';
import { guestOf } from './pinned-guest.ts';
import { kernelOf } from './pinned-kernel.ts';
import type { MachineRecord } from './records.ts';
import type { Step } from './step-runner.ts';
import { virtualSize } from './virtual-size.ts';

/** What the steps of one start share; each fills in what later ones need. */
export interface StartContext {
  readonly record: MachineRecord;
  readonly driver: VmDriver;
  readonly dir: string;
  readonly boot: number;
  readonly token: string;
  readonly dependencies: Dependencies;
  readonly features: StartFeatures;
  readonly caller: Caller;
  /** A session is to follow at once: without one the machine is of no use to anybody. */
  readonly sessionExpected: boolean;
  /** Boot it, even where a template is at hand. */
  readonly cold: boolean;
  /** It is booted to be saved as a template: without a way out, and for as long as this daemon lives. */
  readonly forTemplate?: boolean;
  /** It is to wait in the pool: it comes up from a template or not at all. */
  readonly pooled?: boolean;
  /** It goes on from where it was saved, in its folder. */
  readonly saved?: SavedManifest | undefined;
  /** What it begins as; absent: it is booted. */
  template?: FoundTemplate | undefined;
  kernel?: Awaited<ReturnType<typeof kernelOf>>;
  guest?: GuestBuild;
  initramfs?: string;
  setup?: VmDriverSetup;
  network?: NetworkPlan;
  /** To this size, which it had not when it was last written to. */
  growDisk?: number;
  contribution?: Required<MachineContribution>;
  vmhost?: ProcessIdentity;
  limits?: VmLimits | undefined;
  link?: VmhostLink;
  /** Its guest takes commands. */
  cameUp?: boolean;
}

/** A restored guest answers within a second or never. */
const RESTORE_SECONDS = 15;
/** A vmhost needs less to end a start for which there is no time left. */
const OVERDUE_MS = 15_000;

export function newToken(): string {
  return randomBytes(12).toString('hex');
}

/** After these it is known what the machine is going to be; they leave nothing behind. */
export const PREPARE_STEPS: readonly Step<StartContext>[] = [
  { name: 'kernel', run: prepareKernel },
  { name: 'initramfs', run: prepareInitramfs },
  { name: 'driver', run: prepareDriver },
];

export const NETWORK_STEP: Step<StartContext> = { name: 'network', run: planNetwork, undo: unplanNetwork };

/** From there to a guest that takes commands. */
export const BRING_UP_STEPS: readonly Step<StartContext>[] = [
  { name: 'features: host', run: prepareFeatures, undo: cleanUpFeatures },
  { name: 'template', run: findTemplate },
  { name: 'disk', run: prepareDisk, undo: dropTemplateDisk },
  NETWORK_STEP,
  { name: 'vmhost', run: launchVmhost, undo: endVmhost },
  { name: 'boot', run: awaitReady },
  { name: 'features: guest', run: startFeatures },
];

/** A start. */
export const START_STEPS: readonly Step<StartContext>[] = [...PREPARE_STEPS, ...BRING_UP_STEPS];

/** A start that goes on from where the machine was saved. */
export const RESUME_STEPS: readonly Step<StartContext>[] = START_STEPS.map((step) =>
  step.name === 'template' ? { name: 'memory', run: checkMemory } : step,
);

async function checkMemory({ saved, record, dir, driver, setup, ...context }: StartContext): Promise<void> {
  if (filled(context.contribution).drives.length > 0) throw new NookError('conflict', 'Its features have drives now.');
  const disk = context.dependencies.layers.diskOf(record.id, dir);
  await checkSaved(filled(saved), { record, dir, disk, driver, setup: filled(setup) });
}

async function prepareKernel(context: StartContext): Promise<void> {
  const { dependencies, caller } = context;
  context.kernel = await kernelOf(context.record, dependencies, caller);
}

async function prepareInitramfs(context: StartContext): Promise<void> {
  const { dependencies, driver, record, caller } = context;
  const kernel = filled(context.kernel);
  const mounts = mountsOf(record).length > 0;
  if (mounts) await requireMounts(driver, kernel);
  const guest = await guestOf(record, dependencies, caller);
  context.guest = guest;
  context.initramfs = await dependencies.initramfs.ensure(kernel, { guest, devices: driver.devices, mounts });
}

async function prepareDriver(context: StartContext): Promise<void> {
  const { record, driver, caller } = context;
  const run_as = machineUser(record.id);
  context.setup = await driver.prepare({ kernel: machineKernel(context), run_as }, caller.signal);
}

/** Only a VM that never ran can begin as something else, and only one that has nothing more than the others. */
async function findTemplate(context: StartContext): Promise<void> {
  if (context.cold || context.boot > 1 || !context.driver.capabilities.includes('ram_snapshot')) return;
  const { kernel_args, drives } = filled(context.contribution);
  if (context.dependencies.layers.records.disk(context.record.id).layer !== undefined) return;
  if (kernel_args.length > 0 || drives.length > 0 || mountsOf(context.record).length > 0) return;
  context.template = await context.dependencies.templates.find(templateInputs(context));
  if (context.pooled && !context.template) throw new NookError('unavailable', 'There is no template for the pool.');
}

/** All that decides what a machine is once it is ready, but for its identity and its network. */
export function templateInputs(context: StartContext): TemplateInputs {
  const { image_digest, vcpus, memory_bytes, disk_bytes } = context.record.shape;
  return {
    image: image_digest,
    kernel: filled(context.kernel).digest,
    initramfs: basename(filled(context.initramfs)),
    driver: context.driver.name,
    setup: filled(context.setup),
    ...{ vcpus, memory_bytes, disk_bytes },
  };
}

async function prepareDisk(context: StartContext): Promise<void> {
  const { record, dir, template, dependencies, caller } = context;
  await dependencies.images.verify?.(record.shape.image_digest, caller.signal);
  const disk = dependencies.layers.diskOf(record.id, dir);
  const layered = dependencies.layers.isLayered(record.id);
  await ensureOverlay(dir, record, { disk, layered, user: machineUser(record.id), from: template?.disk });
  const bytes = record.shape.disk_bytes;
  if ((await virtualSize(disk)) < bytes) context.growDisk = bytes;
}

/** The next start is a boot: from an empty overlay, as if there had been none. */
async function dropTemplateDisk({ dir, template }: StartContext): Promise<void> {
  if (!template) return;
  await rm(join(dir, VM_FILES.machine, DISK_FILE), { force: true });
  await rm(join(dir, VM_FILES.spec), { force: true });
}

async function planNetwork(context: StartContext): Promise<void> {
  const { mode } = context.record.shape.network;
  if (mode === 'user') requireCapability(context.driver, 'user_network', `give a VM a network of mode '${mode}'`);
  if (mode === 'bridge') requireCapability(context.driver, 'tap_network', 'give a VM a network of several');
  const { record, dependencies, caller } = context;
  context.network = await dependencies.network.plan(record.shape.network, networked(record, caller.opId));
}

async function unplanNetwork({ record, dependencies, caller }: StartContext): Promise<void> {
  await dependencies.network.unplan(record.shape.network, networked(record, caller.opId));
}

/** The VM as its network is asked about it. */
export function networked({ id, name, shape: { mac } }: MachineRecord, opId: string) {
  return { id, name, mac, opId };
}

async function prepareFeatures(context: StartContext): Promise<void> {
  const { features, caller } = context;
  await features.prepareHost(caller.signal);
  context.contribution = await features.machine(caller.signal);
  if (context.contribution.drives.length > 0) requireCapability(context.driver, 'drives', 'give a VM more drives');
}

/** What fails is logged, stays due, and hides nothing of why the start failed. */
async function cleanUpFeatures({ features }: StartContext): Promise<void> {
  await features.cleanUp('off');
}

async function startFeatures({ features, record, dir, caller, ...context }: StartContext): Promise<void> {
  const link = filled(context.link);
  const ended = new AbortController();
  void link.closed.then(() => ended.abort(new NookError('operation_failed', `VM '${record.name}' ended meanwhile.`)));
  const signal = AbortSignal.any([caller.signal, ended.signal]);
  await features.postStart((ending) => featureGuest(link, { dir, opId: caller.opId, signal: ending }), signal);
}

async function launchVmhost(context: StartContext): Promise<void> {
  await forgetBoots(context.dir, context.boot - context.dependencies.config.keep_boots);
  const scope = await prepareScope(context);
  const { identity, limits } = await startVmhost(context.dir, hostSpec(context, scope), async (pid) => {
    const [held] = await Promise.all([scope.enter(pid), context.network?.up]);
    return held;
  });
  context.vmhost = identity;
  context.limits = limits;
  context.link = await VmhostLink.connect(context.dir, context.token, context.caller.opId);
}

function prepareScope({ record, setup, dependencies }: StartContext): Promise<VmScope> {
  const { id, name, shape } = record;
  const { vcpus, memory_bytes } = shape;
  return dependencies.limits.prepare({ id, name, vcpus, memory_bytes, accelerator: setup?.accelerator });
}

function hostSpec(context: StartContext, { cgroup }: VmScope): HostSpec {
  const { record, driver, caller } = context;
  const { name, title, engine, capabilities } = driver;
  return {
    version: 1,
    id: record.id,
    token: context.token,
    op_id: caller.opId,
    boot: context.boot,
    driver: { name, title, engine, capabilities },
    machine: machineSpec(context),
    identity: { hostname: record.name, machine_id: record.shape.machine_id },
    guest_network: filled(context.network).guest,
    network_place: filled(context.network).place,
    auto_remove: record.shape.auto_remove,
    ...limitsOf(record.shape.life),
    init: record.shape.init ?? 'nook',
    guest_mounts: mountsOf(record).map(({ target, read_only }, index) => ({ tag: shareTag(index), target, read_only })),
    session_expected: context.sessionExpected,
    session_delay_ms: context.features.postStartMs,
    ...(context.growDisk === undefined ? {} : { grow_disk: context.growDisk }),
    ...(context.forTemplate ? { ends_with_daemon: true } : {}),
    ...(context.pooled ? { pooled: true } : {}),
    ...(context.saved ? { saved: join(context.dir, SAVED_FOLDER) } : {}),
    ...(cgroup === undefined ? {} : { cgroup }),
    boot_deadline_ms: bootDeadlineMs(context),
  };
}

/** After it the vmhost ends a start. */
function bootDeadlineMs({ template, saved, growDisk, dependencies }: StartContext): number {
  const seconds = template || saved ? RESTORE_SECONDS : dependencies.config.boot_seconds;
  return seconds * 1000 + (growDisk === undefined ? 0 : FILL_MS);
}

function machineSpec(context: StartContext): MachineSpec {
  const { record, dir, dependencies } = context;
  const { shape } = record;
  const { mode, host_forwards } = filled(context.network);
  const workDir = join(dir, VM_FILES.machine);
  const user = machineUser(record.id);
  return {
    name: record.name,
    dir,
    work_dir: workDir,
    vcpus: shape.vcpus,
    memory_mib: Math.floor(shape.memory_bytes / 1024 ** 2),
    kernel: machineKernel(context),
    disk: {
      path: dependencies.layers.diskOf(record.id, dir),
      format: 'qcow2',
      layers: dependencies.layers.below(record),
    },
    drives: filled(context.contribution).drives,
    // A machine of the pool knows its address, and gets somewhere when it is claimed.
    network: { mac: shape.mac, mode: context.pooled ? 'none' : mode, host_forwards },
    shares: mountsOf(record).map(({ source, read_only }, index) => ({ tag: shareTag(index), path: source, read_only })),
    ...(context.template ? { resume: { ram: context.template.ram, devices: context.template.state } } : {}),
    ...(context.saved ? { resume: savedState(dir) } : {}),
    ...(user ? { run_as: user } : {}),
    settings: (context.saved?.about.setup ?? filled(context.setup)).settings,
  };
}

function machineKernel(context: StartContext): MachineKernel {
  return {
    vmlinux: filled(context.kernel).vmlinux,
    initramfs: filled(context.initramfs),
    arguments: context.contribution?.kernel_args ?? [],
  };
}

async function awaitReady(context: StartContext): Promise<void> {
  const link = filled(context.link);
  const { caller } = context;
  link.onStatus = ({ phase }) => caller.progress({ stage: 'boot', message: phase });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(stuck(context)), bootDeadlineMs(context) + OVERDUE_MS);
  const signal = AbortSignal.any([caller.signal, late.signal]);
  try {
    const ready = await link.until(({ phase }) => phase === 'ready' || phase === 'ended', signal);
    if (ready && link.status?.phase === 'ready') {
      context.cameUp = true;
      return;
    }
    await link.untilClosed(signal);
  } finally {
    clearTimeout(timer);
  }
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

/** What it says when its vmhost does not end a start that takes too long. */
function stuck({ record, vmhost }: StartContext): NookError {
  return new NookError(
    'timeout',
    `VM '${record.name}' did not start: its vmhost, process ${vmhost?.pid}, does not answer.`,
    {
      hint: `It was ended. Try again: nook vm start ${record.name}`,
    },
  );
}

/** Leaves neither the vmhost nor its QEMU behind. */
export async function endVmhost({ link, vmhost, caller, dir, token, dependencies }: StartContext): Promise<void> {
  const order = link?.call('force_stop', {}, { opId: caller.opId, timeoutMs: ANSWER_MS });
  const obeys = await order?.then(
    () => true,
    () => false,
  );
  if (vmhost && isAlive(vmhost) && !(obeys && (await endsWithin(link, ANSWER_MS)))) killExactly(vmhost);
  await link?.closed;
  await clearAway(dir, await readEnd(dir, token), dependencies);
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
