import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../packages/plugin-images/src/testing/umoci.ts';
import { Home, outcome, untilOutput } from './harness/home.ts';

const PROGRAM = fileURLToPath(new URL('harness/report.c', import.meta.url));

/** Files of the host that the image has too, under the same paths. */
const MUSL = ['/lib/ld-musl-x86_64.so.1', '/lib/x86_64-linux-musl/libc.so'];
const GLIBC = ['/lib64/ld-linux-x86-64.so.2', '/lib/x86_64-linux-gnu/libc.so.6'];

interface Kind {
  readonly what: string;
  readonly name: string;
  readonly compiler: readonly string[];
  readonly files: readonly string[];
  readonly shell?: boolean;
}

const KINDS: readonly Kind[] = [
  { what: 'one static program and no shell', name: 'distroless', compiler: ['musl-gcc', '-static'], files: [] },
  { what: 'musl, and busybox', name: 'musl', compiler: ['musl-gcc'], files: MUSL, shell: true },
  { what: 'glibc and no shell', name: 'glibc', compiler: ['gcc'], files: GLIBC },
];

let home: Home;
let directory: string;

beforeAll(async () => {
  home = await Home.create();
  directory = await mkdtemp(join(tmpdir(), 'nook-libc-'));
  // Those of a run that was broken off.
  await removeImages();
  for (const kind of KINDS) await importImage(kind);
}, 60_000);
afterAll(async () => {
  // The store is kept between runs.
  for (const vm of [...KINDS.map(({ name }) => name), 'asked']) await home.nook(['vm', 'rm', '--force', vm]);
  await removeImages();
  await home[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function removeImages(): Promise<void> {
  for (const { name } of KINDS) await home.nook(['image', 'rm', `test-${name}`]);
}

async function importImage({ name, compiler, files, shell = false }: Kind): Promise<void> {
  const root = join(directory, name, 'root');
  for (const below of ['bin', 'srv/own']) await mkdir(join(root, below), { recursive: true });
  const [program = '', ...flags] = compiler;
  run(program, ...flags, '-o', join(root, 'bin/report'), PROGRAM);
  for (const file of files) await cp(file, join(root, file), { recursive: true, dereference: true });
  if (shell) {
    const busybox = run('sh', '-c', 'command -v busybox').trim();
    await cp(busybox, join(root, 'bin/busybox'), { dereference: true });
    await symlink('busybox', join(root, 'bin/sh'));
  }
  const layout = join(directory, name, 'layout');
  const image = `${layout}:it`;
  run('umoci', 'init', '--layout', layout);
  run('umoci', 'new', '--image', image);
  run('umoci', 'insert', '--image', image, root, '/');
  const argv = shell
    ? ['--config.cmd', 'sh', '--config.cmd', '-c', '--config.cmd', 'exec report "of the image"']
    : ['--config.entrypoint', '/bin/report', '--config.cmd', 'of the image'];
  const config = ['--config.env', 'PATH=/bin', '--config.env', 'MODE=quiet', '--config.workingdir', '/srv/own'];
  const others = ['--config.user', '65532:65533', '--config.stopsignal', 'SIGQUIT'];
  run('umoci', 'config', '--image', image, ...argv, ...config, ...others);
  await home.ok('image', 'import', layout, '--name', `test-${name}`);
}

describe.each(KINDS)('an image with $what', ({ name }) => {
  it('runs what it says, knows its own name and whom to ask for others', async () => {
    const { code, stdout } = await home.nook([
      ...['vm', 'run', '--memory', '256M', '--name', name, '--image', `test-${name}`],
    ]);
    expect(code).toBe(7);
    expect(stdout.split('\n')).toEqual([
      'argument: of the image',
      'MODE: quiet',
      'directory: /srv/own',
      'user: 65532:65533',
      `host name: ${name}`,
      `address of ${name}: 127.0.1.1`,
      'address of localhost: 127.0.0.1',
      `/etc/hostname: ${name}`,
      '/etc/hosts: # nook: begin',
      '/etc/hosts: 127.0.0.1 localhost',
      '/etc/hosts: ::1 localhost ip6-localhost ip6-loopback',
      `/etc/hosts: 127.0.1.1 ${name}`,
      '/etc/hosts: # nook: end',
      '/etc/resolv.conf: nameserver 10.0.2.3',
      '',
    ]);
  });

  it('gives its files out without a program of its own', async () => {
    await home.ok('vm', 'cp', `${name}:/etc/hosts`, `${name}:/etc/resolv.conf`, directory);
    expect(await readFile(join(directory, 'hosts'), 'utf8')).toContain(`127.0.1.1 ${name}\n`);
    expect(await readFile(join(directory, 'resolv.conf'), 'utf8')).toBe('nameserver 10.0.2.3\n');
    await home.ok('vm', 'rm', '--force', name);
  });

  it('runs what is given in place of what it says, as the user and where it is told', async () => {
    const flags = ['--rm', '--memory', '256M', '-u', '0:5', '-w', '/srv', '-e', 'MODE=loud', '--image', `test-${name}`];
    const { code, stdout } = await home.nook(['vm', 'run', ...flags, '--', 'report', 'given', 'twice']);
    expect(code).toBe(7);
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      ...['argument: given', 'argument: twice', 'MODE: loud', 'directory: /srv', 'user: 0:5'],
    ]);
  });
});

it('a whole Debian knows its own name by its own tools', async () => {
  const script = 'getent ahostsv4 "$(cat /etc/hostname)" | head -n 1; cat /etc/resolv.conf; hostname';
  const flags = ['--rm', '--name', 'whole', '--image', 'debian-12'];
  const stdout = await home.ok('vm', 'run', ...flags, '--', 'sh', '-c', script);
  expect(stdout).toMatch(/^127\.0\.1\.1 +STREAM whole\nnameserver 10\.0\.2\.3\nwhole\n$/);
});

it('what an image wants to be ended by is sent to the command of its VM before the rest is', async () => {
  const script = [
    'trap "echo asked >>/srv/signals; exit 0" QUIT',
    'trap "echo told >>/srv/signals" TERM',
    'echo ready; while :; do busybox sleep 0.1; done',
  ].join('; ');
  const flags = ['--name', 'asked', '--memory', '256M', '-u', '0', '--image', 'test-musl'];
  const command = home.spawn(['vm', 'run', ...flags, '--', 'sh', '-c', script]);
  const over = outcome(command);
  await untilOutput(command, /ready/);
  await home.ok('vm', 'stop', 'asked');
  expect((await over).code).toBe(0);
  await home.ok('vm', 'start', 'asked');
  expect(await home.ok('vm', 'exec', 'asked', '--', 'busybox', 'cat', '/srv/signals')).toBe('asked\n');
});
