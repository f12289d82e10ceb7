import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { writableCgroups } from '../packages/plugin-vm/src/limits/writable-cgroups.fixture.ts';
import { Gates } from './crash-matrix/gates.ts';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { processesIn, subcgroups, TestCgroup } from './harness/cgroups.ts';
import { eventually } from './harness/eventually.ts';
import { Home, NOOK, outcome } from './harness/home.ts';
import { killNookd, show, untilFailed } from './harness/machines.ts';

const mount = writableCgroups();

const BY_CGROUP = '[vm.templates]\nauto = false\n[vm.limits]\nby = "cgroup"\n';
const POOL = '[vm.pool]\nsize = 1\nimage = "busybox"\nmemory = "256M"\nidle_seconds = 0\n';

type Limited = Shown & {
  readonly limits: { readonly kind: string; readonly reason?: string; readonly cgroup?: string };
};

const shown = (home: Home, name: string) => show(home, name) as Promise<Limited>;

/** Starts the daemon of a home in this cgroup, and nothing else. */
async function startIn(cgroup: TestCgroup, home: Home, env = {}): Promise<void> {
  const [file = '', ...args] = cgroup.running(NOOK, 'daemon', 'start');
  const { code, stderr } = await outcome(spawn(file, args, { env: { ...home.env, ...env } }));
  if (code !== 0) throw new Error(stderr);
}

/** The processes of a VM, and of nothing else, are in its cgroup. */
function expectLimited({ id, limits, vmhost_pid, qemu_pid }: Limited, cgroup: TestCgroup): string {
  const dir = limits.cgroup as string;
  expect(limits.kind).toBe('cgroup');
  expect(dir).toBe(`${cgroup.dir}/nook-vm-${id}.scope`);
  expect(processesIn(dir).toSorted()).toEqual([vmhost_pid, qemu_pid].toSorted());
  return dir;
}

describe('a daemon that a cgroup is delegated to', () => {
  beforeEach(({ skip }) => skip(mount === undefined, 'there is no hierarchy of cgroup v2 that this user may write to'));

  it('has each VM in one below, which is gone after it, however it ends', async () => {
    await using cgroup = new TestCgroup(mount as string);
    await using home = await Home.create({ config: BY_CGROUP });
    await startIn(cgroup, home);
    await busyboxVm(home, 'web');
    const dir = expectLimited(await shown(home, 'web'), cgroup);
    expect(await home.surplus()).toEqual([]);
    await home.ok('vm', 'stop', 'web');
    expect(existsSync(dir)).toBe(false);

    await home.ok('vm', 'start', 'web');
    const { vmhost_pid } = await shown(home, 'web');
    expectLimited(await shown(home, 'web'), cgroup);
    process.kill(vmhost_pid as number, 'SIGKILL');
    await untilFailed(home, 'web');
    expect(existsSync(dir)).toBe(false);

    await home.ok('vm', 'start', 'web');
    const again = await shown(home, 'web');
    await killNookd(home, again.vmhost_pid);
    expect(existsSync(dir)).toBe(true);
    await untilFailed(home, 'web');
    expect(existsSync(dir)).toBe(false);
  });

  it('has members of its pool in one too, which they keep as VMs', async () => {
    await using cgroup = new TestCgroup(mount as string);
    await using home = await Home.create({ config: `${BY_CGROUP}${POOL}` });
    await startIn(cgroup, home);
    await eventually(
      'the pool is filled',
      () => home.json<{ members: { state: string }[] }>('vm', 'pool'),
      ({ members }) => members[0]?.state === 'ready',
      60_000,
    );
    // That of the guest that the template was made of is gone.
    const scopes = subcgroups(cgroup.dir).filter((name) => name !== 'nookd');
    expect(scopes).toHaveLength(1);
    await busyboxVm(home, 'web');
    const vm = await shown(home, 'web');
    expect(vm.came_up).toBe('pool');
    expect(scopes).toEqual([`nook-vm-${vm.id}.scope`]);
    expectLimited(vm, cgroup);
  });

  it('that dies before a vmhost is there leaves neither it nor its cgroup', async () => {
    await using cgroup = new TestCgroup(mount as string);
    await using home = await Home.create({ config: BY_CGROUP });
    const gates = await Gates.create();
    await startIn(cgroup, home, { NOOK_VM_GATE: gates.dir });
    await gates.close('vmhost.scope', 'hold');
    const run = home.nook(['vm', 'run', '-d', '--image', 'busybox', '--memory', '256M', '--name', 'web']);
    await gates.reached('vmhost.scope', run);
    await killNookd(home);
    await run;
    const failed = await untilFailed(home, 'web');
    expect(failed.cause).toMatch(/^(its start was interrupted|the daemon ended while it started the VM)$/);
    expect(await home.surplus()).toEqual([]);
  });
});

it('a VM that must have limits and cannot is not started, and nothing is left of it', async () => {
  await using home = await Home.create({
    config: '[vm.templates]\nauto = false\n[vm.limits]\nby = "none"\nrequired = true\n',
  });
  const refused = await home.nook(['vm', 'run', '-d', '--image', 'busybox', '--memory', '256M', '--name', 'web']);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("VM 'web' cannot be held to limits: they are turned off by [vm.limits]");
  expect(refused.stderr).toContain('required = false');
  expect(await home.surplus()).toEqual([]);
});

it('a VM without limits says why', async () => {
  await using home = await Home.create({ config: '[vm.templates]\nauto = false\n[vm.limits]\nby = "none"\n' });
  await busyboxVm(home, 'web');
  const { limits } = await shown(home, 'web');
  expect(limits).toEqual({ kind: 'none', reason: 'they are turned off by [vm.limits] in config.toml' });
  const { findings } = await home.json<{ findings: { item: string; status: string; evidence: string }[] }>('doctor');
  const said = findings.find(({ item }) => item === 'limits of VMs');
  expect(said).toMatchObject({ status: 'ok', evidence: expect.stringContaining('they are turned off') });
  expect(await home.ok('vm', 'show', 'web')).toContain('none: they are turned off by [vm.limits]');
});
