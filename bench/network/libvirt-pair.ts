import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { MachineSpec } from '../../packages/daemonapi/src/index.ts';
import { writeCpio } from '../../packages/guest/src/cpio.ts';
import { buildInitramfs, guestModules } from '../../packages/guest/src/index.ts';
import { guestProgram } from '../guest-program.ts';
import { ForeignDaemon } from '../peers/foreign-daemon.ts';
import { installed } from '../peers/installed.ts';
import type { AbsentPeer } from '../row.ts';
import { nextOutput } from './next-output.ts';
import { type Pair, sinkIn } from './pair.ts';

const run = promisify(execFile);
const VIRSH_MS = 60_000;
const BOOT_MS = 60_000;
const ANSWER_MS = 60_000;
const WHAT = "libvirt's default network";
const NEEDED = ['libvirtd', 'virsh', 'dnsmasq', 'iptables', 'socat'];
const FIRST = '192.168.122.10';
const OTHER = '192.168.122.11';
const PORTS = { sink: 81, shell: 99 };
const PROGRAM = '/bin/tcp-blocks';
const END = 'end-of-line';

/** The folders that a libvirtd of the whole system has, each another one's in its mount namespace. */
const FOLDERS = {
  run: '/run',
  lib: '/var/lib/libvirt',
  log: '/var/log/libvirt',
  etc: '/etc/libvirt',
  cache: '/var/cache',
};

const NETWORK = `<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.100' end='192.168.122.254'/></dhcp>
  </ip>
</network>
`;

const CONFIG = `user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
`;

/** All that the guests do: a sink, and a shell for whoever connects. */
const INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read module; do insmod /modules/$module; done < /modules/order
address=$(sed -n 's/.*bench_address=\\([0-9.]*\\).*/\\1/p' /proc/cmdline)
ip link set lo up
ip link set eth0 up
ip address add $address/24 dev eth0
ip route add default via 192.168.122.1
${PROGRAM} sink ${PORTS.sink} &
while :; do nc -ll -p ${PORTS.shell} -e /bin/sh; done
`;

/**
 * Two machines of libvirt on its default network: bridge, masquerading and dnsmasq as libvirtd makes them, in namespaces
 * of their own, so that this machine keeps what it has. They have nook's kernel and modules.
 */
export async function libvirtPair({ kernel }: MachineSpec): Promise<AbsentPeer | (Pair & AsyncDisposable)> {
  for (const program of NEEDED) {
    if ((await installed(program)) === undefined) return { what: WHAT, absent: `there is no ${program}` };
  }
  await using starting = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'nook-bench-'));
  starting.defer(() => rm(dir, { recursive: true, force: true }));
  const { pid, virsh, version } = await startLibvirt(starting, dir);
  const initramfs = await guestInitramfs(dir, join(dirname(kernel.vmlinux), 'lib/modules'));
  for (const [name, address] of Object.entries({ first: FIRST, other: OTHER })) {
    const file = join(dir, `${name}.xml`);
    await writeFile(file, domain({ name, address, kernel: kernel.vmlinux, initramfs }));
    await virsh('create', file);
    starting.defer(() => virsh('destroy', name));
  }
  await shellIn(pid, OTHER).then((other) => other[Symbol.asyncDispose]());
  const shell = starting.use(await shellIn(pid, FIRST));
  const host = starting.use(await sinkIn(pid));
  const made = starting.move();
  return {
    ...{ what: `${WHAT}, libvirt ${version}`, host, other: { address: OTHER, port: PORTS.sink } },
    program: PROGRAM,
    sh: (line) => shell.run(line),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

async function startLibvirt(stack: AsyncDisposableStack, dir: string) {
  for (const folder of Object.keys(FOLDERS)) await mkdir(join(dir, folder));
  await writeFile(join(dir, 'etc/qemu.conf'), CONFIG);
  await writeFile(join(dir, 'etc/libvirtd.conf'), 'auth_unix_rw = "none"\n');
  await writeFile(join(dir, 'network.xml'), NETWORK);
  const program = (await installed('libvirtd')) as string;
  const binds = Object.entries(FOLDERS).map(([own, at]) => `mkdir -p ${at}; mount --bind ${join(dir, own)} ${at}`);
  const script = [...binds, 'ip link set lo up', `exec ${program} --timeout 0`].join('\n');
  const daemon = stack.use(
    await ForeignDaemon.start({
      ...{ program: 'unshare', args: ['--net', '--mount', 'sh', '-ec', script] },
      ...{ env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }, socket: join(dir, 'run/libvirt/libvirt-sock') },
    }),
  );
  const connect = `qemu+unix:///system?socket=${join(dir, 'run/libvirt/libvirt-sock')}`;
  const virsh = async (...args: string[]) => void (await run('virsh', ['-c', connect, ...args], { timeout: VIRSH_MS }));
  await virsh('net-create', join(dir, 'network.xml'));
  stack.defer(() => virsh('net-destroy', 'default'));
  const version = (await run(program, ['--version'])).stdout.trim().split(' ').at(-1);
  return { pid: daemon.pid, virsh, version };
}

async function guestInitramfs(dir: string, modules: string): Promise<string> {
  const init = join(dir, 'init');
  const before = join(dir, 'busybox.cpio');
  const output = join(dir, 'initramfs.cpio');
  await writeFile(init, INIT);
  const busybox = await readFile((await installed('busybox')) ?? '/bin/busybox');
  await writeFile(
    before,
    writeCpio([
      { path: 'bin', mode: 0o040755 },
      { path: 'bin/busybox', mode: 0o100755, content: busybox },
      { path: PROGRAM.slice(1), mode: 0o100755, content: await guestProgram('tcp-blocks') },
    ]),
  );
  const [release = ''] = await readdir(modules);
  await buildInitramfs({ init, before, modulesDir: join(modules, release), modules: guestModules('pci'), output });
  return output;
}

interface Domain {
  readonly name: string;
  readonly address: string;
  readonly kernel: string;
  readonly initramfs: string;
}

function domain({ name, address, kernel, initramfs }: Domain): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>1024</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${kernel}</kernel>
    <initrd>${initramfs}</initrd>
    <cmdline>console=ttyS0 quiet bench_address=${address}</cmdline>
  </os>
  <cpu mode='maximum'/>
  <devices>
    <interface type='network'><source network='default'/><model type='virtio'/></interface>
    <serial type='null'/>
  </devices>
</domain>
`;
}

/** The shell of a guest, over a connection that stays. */
async function shellIn(pid: number, address: string): Promise<Shell> {
  const target = `TCP4:${address}:${PORTS.shell}`;
  const tries = `retry=${BOOT_MS / 500},interval=0.5`;
  const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, 'socat', 'STDIO', `${target},${tries}`]);
  child.stderr.pipe(process.stderr, { end: false });
  const shell = new Shell(child);
  await shell.run('true', BOOT_MS);
  return shell;
}

class Shell implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
  }

  async run(line: string, timeoutMs = ANSWER_MS): Promise<string> {
    this.#child.stdin.write(`{ ${line}; } 2>&1; echo ${END}\n`);
    for (let text = ''; ; ) {
      text += await nextOutput(this.#child.stdout, { timeoutMs, what: `the end of '${line}' in a guest of libvirt` });
      if (text.endsWith(`${END}\n`)) return text.slice(0, -END.length - 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
