import type { BootStep, FeatureView, VmView } from '../contract.ts';
import type { LifeView } from '../supervision/life-contract.ts';
import { lifeView } from '../supervision/life-view.ts';
import type { HostStatus, PhaseMark } from '../vmhost/host-spec.ts';
import type { MachineRecord } from './records.ts';

interface Shown {
  readonly dir: string;
  readonly status: HostStatus | undefined;
  readonly features: readonly FeatureView[];
  readonly supervision: Pick<LifeView, 'desired' | 'restarts' | 'next_restart_at'>;
  /** With the last lines of its console. */
  readonly full: boolean;
}

/** The steps of the latest start, and the phases that its vmhost has seen. */
export function bootSteps(steps: readonly BootStep[], status: HostStatus | undefined): BootStep[] {
  return [...steps, ...phases(steps, status?.marks ?? [])];
}

/** What the wire shows of a machine. */
export function view(record: MachineRecord, { dir, status, features, supervision, full }: Shown): VmView {
  const { shape, run } = record;
  return {
    name: record.name,
    id: record.id,
    state: record.state,
    ...(record.cause === undefined ? {} : { cause: record.cause }),
    image: shape.image,
    image_digest: shape.image_digest,
    kernel: shape.kernel,
    kernel_digest: run.kernel?.digest,
    guest_digest: run.guest?.digest,
    vcpus: shape.vcpus,
    memory_bytes: shape.memory_bytes,
    disk_bytes: shape.disk_bytes,
    network: shape.network,
    auto_remove: shape.auto_remove,
    features,
    init: shape.init ?? 'nook',
    mounts: shape.mounts ?? [],
    labels: shape.labels ?? {},
    ...(shape.next === undefined
      ? {}
      : { next_start: { vcpus: shape.next.vcpus, memory_bytes: shape.next.memory_bytes } }),
    ...lifeView(shape.life),
    ...supervision,
    exit_code: run.exit_code,
    signal: run.signal,
    last_phase: run.last_phase,
    ...(full && record.state === 'failed' ? { console_tail: run.console_tail } : {}),
    created_at: record.created_at,
    started_at: run.started_at,
    ended_at: run.ended_at,
    came_up: run.came_up,
    fallback: run.fallback,
    driver: shape.driver,
    driver_version: run.driver_version,
    accelerator: run.accelerator,
    machine: run.machine,
    limits: run.limits,
    vmhost_pid: status?.pid,
    qemu_pid: status?.qemu_pid,
    dir,
    boot: bootSteps(run.steps, status),
  };
}

/** The vmhost's phases as steps after the daemon's own, each lasting until the next. */
function phases(steps: readonly BootStep[], marks: readonly PhaseMark[]): BootStep[] {
  const begun = steps.find(({ name }) => name === 'vmhost' || name === 'claim')?.at_ms ?? 0;
  const startup = marks.filter(({ phase }) => phase !== 'stopping' && phase !== 'ended');
  return startup.map(({ phase, at_ms }, index) => ({
    name: `boot: ${phase}`,
    at_ms: begun + at_ms,
    duration_ms: (startup[index + 1]?.at_ms ?? at_ms) - at_ms,
  }));
}
