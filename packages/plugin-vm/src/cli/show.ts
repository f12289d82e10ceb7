import type { CliCommand, CliContext } from '@nook/daemonapi';
import type { BootStep, VmView } from '../contract.ts';
import { formatSize } from '../size.ts';

export const show: CliCommand = {
  name: 'vm show',
  summary: 'Show all that is known of a VM',
  positionals: [{ name: 'VM', required: true, help: 'name of the VM' }],
  options: { boot: { help: 'show the steps of its latest start, with their times' } },
  examples: ['nook vm show web', 'nook vm show --boot web'],
  async run({ positionals, options, context }) {
    const vm = await context.call('vm.show', { name: positionals.VM as string });
    if (context.json) return context.out.json(vm);
    if (options.boot === true) return showBoot(context, vm.boot);
    for (const [key, value] of facts(vm)) context.out.line(`${`${key}:`.padEnd(12)} ${value}`);
  },
};

function facts(vm: VmView): [string, string][] {
  const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  const ports = vm.network.publish.map(
    ({ host_address, host_port, guest_port, protocol }) => `${host_address}:${host_port} → ${guest_port}/${protocol}`,
  );
  const rows: [string, string | undefined][] = [
    ['name', vm.name],
    ['state', vm.state],
    ['cause', vm.cause],
    ['image', `${vm.image} (${vm.image_digest})`],
    ['kernel', [vm.kernel, vm.kernel_digest && `(${vm.kernel_digest})`].filter(Boolean).join(' ') || undefined],
    ['guest', vm.guest_digest && `nook-init (${vm.guest_digest})`],
    ['shape', `${vm.vcpus} vCPU · ${formatSize(vm.memory_bytes)} memory · ${formatSize(vm.disk_bytes)} disk`],
    ...vm.features.map(({ name, part }): [string, string] => ['feature', `${name} ${JSON.stringify(part ?? {})}`]),
    ...Object.entries(vm.labels).map(([key, value]): [string, string] => ['label', `${key}=${value}`]),
    [
      'network',
      [vm.network.name ?? vm.network.mode, vm.network.address, vm.network.address6, ...ports]
        .filter(Boolean)
        .join(', '),
    ],
    ['came up', vm.came_up && [vm.came_up, vm.fallback].filter(Boolean).join(': ')],
    ['driver', [vm.driver, vm.driver_version].filter(Boolean).join(' ')],
    ['runs on', vm.accelerator && `${vm.accelerator}, ${vm.machine}`],
    ['restart', lifeOf(vm)],
    ['limits', limitsOf(vm)],
    ['may take', scopeOf(vm)],
    ['process', vm.signal ? `ended by ${vm.signal}` : vm.exit_code ? `exited with code ${vm.exit_code}` : undefined],
    ['last phase', vm.state === 'failed' ? vm.last_phase : undefined],
    ['created', time(vm.created_at)],
    ['started', time(vm.started_at)],
    ['ended', time(vm.ended_at)],
    ['vmhost', vm.vmhost_pid?.toString()],
    ['qemu', vm.qemu_pid?.toString()],
    ['folder', vm.dir],
    ...(vm.console_tail ?? []).map((line): [string, string] => ['console', line]),
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function lifeOf({ restart, restarts, next_restart_at, autostart }: VmView): string {
  const said = [restart, autostart ? 'with the daemon' : '', restarts > 0 ? `restarted ${restarts} ×` : ''];
  const next = next_restart_at === undefined ? '' : `next at ${new Date(next_restart_at).toISOString()}`;
  return [...said, next].filter(Boolean).join(', ');
}

function limitsOf({ idle_timeout_seconds, max_duration_seconds }: VmView): string | undefined {
  const said = [
    idle_timeout_seconds === undefined ? '' : `stopped after ${idle_timeout_seconds} s without a session`,
    max_duration_seconds === undefined ? '' : `stopped ${max_duration_seconds} s after its start`,
  ];
  return said.filter(Boolean).join(', ') || undefined;
}

function scopeOf({ limits }: VmView): string | undefined {
  if (limits === undefined) return undefined;
  const { kind, reason, scope, memory_bytes, cpus, pids } = limits;
  const said = [
    memory_bytes === undefined ? '' : `${formatSize(memory_bytes)} memory`,
    cpus === undefined ? '' : `${cpus} CPUs`,
    pids === undefined ? '' : `${pids} processes and threads`,
  ];
  const held = said.filter(Boolean).join(' · ');
  const where = scope === undefined ? kind : `${kind} ${scope}`;
  return [held === '' ? where : `${held} (${where})`, reason].filter(Boolean).join(': ');
}

function showBoot({ out }: CliContext, steps: readonly BootStep[]): void {
  out.table(
    ['STEP', 'AT', 'TOOK', 'USUALLY'],
    steps.map(({ name, at_ms, duration_ms, usual_ms }) => [
      ...[name, `${at_ms} ms`, `${duration_ms} ms`, usual_ms === undefined ? '-' : `${usual_ms} ms`],
    ]),
  );
}
