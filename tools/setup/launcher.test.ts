import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';

const source = join(import.meta.dirname, '../..');
let dir = '';
let root = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nook-launcher-'));
  root = join(dir, `a "quoted" checkout's copy`);
  cpSync(join(source, 'nook'), join(root, 'nook'), { recursive: true });
  cpSync(join(source, 'tools/setup'), join(root, 'tools/setup'), { recursive: true });
  cpSync(join(source, 'tools/toolchain'), join(root, 'tools/toolchain'), { recursive: true });
  cpSync(join(source, 'tools/with-toolchain'), join(root, 'tools/with-toolchain'));
  cpSync(join(root, 'tools/setup/fake-stages.sh'), join(root, 'tools/setup/stages.sh'));
  for (const file of ['package.json', 'packages/x/package.json', 'packages/x/src/a.ts', 'packages/guest/build.sh']) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '{}');
  }
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Options {
  readonly program?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function start(args: readonly string[], { program = join(root, 'nook'), cwd = dir, env = {} }: Options = {}) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, NOOK_INSTALL: '0', NOOK_TEST_NODE: process.execPath, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const result = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(([exit, stdout, stderr]) => ({
    exit,
    stdout,
    stderr,
  }));
  return { child, result };
}

const run = (args: readonly string[] = [], options?: Options) => start(args, options).result;
const put = (file: string, content = '') => writeFileSync(join(root, file), content);
const block = (stage: string) => execFileSync('mkfifo', [join(root, `block-${stage}`)]);
const unblock = (stage: string) => {
  put(`block-${stage}`, 'go on');
  unlinkSync(join(root, `block-${stage}`));
};
const stamp = () => existsSync(join(root, '.nook/stamp'));

/** The stages that were run since the last call. */
function stagesRun(): string[] {
  const log = join(root, 'calls.log');
  if (!existsSync(log)) return [];
  const stages = readFileSync(log, 'utf8').trim().split('\n');
  unlinkSync(log);
  return stages;
}

async function appears(file: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = () => existsSync(join(root, file)) && resolve();
  const watcher = watch(root, look);
  const timer = setTimeout(() => reject(new Error(`${file} did not appear`)), 10_000);
  look();
  await promise.finally(() => {
    watcher.close();
    clearTimeout(timer);
  });
}

const ALL = ['node', 'pnpm', 'packages', 'guest', 'bundles'];
const DONE = { exit: 5, stdout: '["a b","$x"]\n' };

test('the first run does every stage, tells on stderr only, and passes arguments and exit code on', async () => {
  const first = await run(['a b', '$x']);
  expect(first).toMatchObject(DONE);
  expect(first.stderr).toMatch(/^nook: \[ +\d+ s\] setting up Node.js$/m);
  expect(first.stderr).toMatch(/^nook: set up in \d+ s$/m);
  expect(stagesRun()).toEqual(ALL);
  expect(await run(['a b', '$x'])).toEqual({ ...DONE, stderr: '' });
  expect(stagesRun()).toEqual([]);
});

test('it finds its checkout through links, relative paths and a bare name', async () => {
  await run();
  symlinkSync(join(root, 'nook'), join(dir, 'link'));
  symlinkSync('link', join(dir, 'link to the link'));
  const far = mkdtempSync(join(dir, 'far-'));
  const done = { ...DONE, stdout: '[]\n', stderr: '' };
  expect(await run([], { program: join(dir, 'link to the link'), cwd: far })).toEqual(done);
  expect(await run([], { program: './nook', cwd: root })).toEqual(done);
  expect(await run([], { program: `../${root.slice(dir.length + 1)}/nook`, cwd: far })).toEqual(done);
  expect(await run([join(root, 'nook')], { program: 'sh' })).toEqual(done);
  expect(await run(['nook'], { program: 'sh', cwd: root })).toEqual(done);
  expect(await run([], { program: 'nook', env: { PATH: `${root}:${process.env.PATH}` } })).toEqual(done);
});

test('what changed decides what is done again', async () => {
  await run();
  stagesRun();
  utimesSync(join(root, 'packages/x/src/a.ts'), 0, 0);
  await run();
  expect(stagesRun()).toEqual([]);
  appendFileSync(join(root, 'packages/x/src/a.ts'), 'x');
  utimesSync(join(root, 'packages/x/src/a.ts'), 0, 0);
  await run();
  expect(stagesRun()).toEqual(['bundles']);
  put('packages/x/package.json', '{"name":"x"}');
  await run();
  expect(stagesRun()).toEqual(['packages', 'bundles']);
  put('packages/guest/agent.c');
  await run();
  expect(stagesRun()).toEqual(['guest', 'bundles']);
  unlinkSync(join(root, 'packages/x/src/a.ts'));
  await run();
  expect(stagesRun()).toEqual(['bundles']);
  rmSync(join(root, 'node_modules'), { recursive: true });
  await run();
  expect(stagesRun()).toEqual(['packages']);
  rmSync(join(root, 'dist'), { recursive: true });
  await run();
  expect(stagesRun()).toEqual(['guest', 'bundles']);
});

test('a failing stage is named with the end of its log; the next run goes on from there', async () => {
  put('fail-packages');
  const failed = await run();
  expect(failed).toMatchObject({ exit: 70, stdout: '' });
  expect(failed.stderr).toContain('setting up packages failed (exit code 3)');
  expect(failed.stderr).toContain('| the packages stage says why');
  expect(stamp()).toBe(false);
  expect(stagesRun()).toEqual(['node', 'pnpm', 'packages']);
  unlinkSync(join(root, 'fail-packages'));
  expect(await run()).toMatchObject({ exit: 5 });
  expect(stagesRun()).toEqual(['packages', 'guest', 'bundles']);
});

test('of two first runs one sets up and the other waits for it', async () => {
  const results = await Promise.all([run(), run()]);
  expect(results.map(({ exit }) => exit)).toEqual([5, 5]);
  expect(stagesRun()).toEqual(ALL);
  expect(results.filter(({ stderr }) => stderr.includes('waiting for it'))).toHaveLength(1);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends the stage as well, and the next run goes on',
  async (signal) => {
    block('packages');
    const { child, result } = start([]);
    await appears('blocked-packages');
    child.kill(signal);
    const { exit, stderr } = await result;
    expect(exit).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    expect(stderr).toContain('interrupted');
    expect(stamp()).toBe(false);
    unlinkSync(join(root, 'block-packages'));
    stagesRun();
    // It would wait for ever for the lock if anything of the stage were left.
    expect(await run()).toMatchObject({ exit: 5 });
    expect(stagesRun()).toEqual(['packages', 'guest', 'bundles']);
  },
);

test('after kill -9 the next run waits for the stage that is still at work', async () => {
  block('bundles');
  const { child, result } = start([]);
  await appears('blocked-bundles');
  child.kill('SIGKILL');
  const next = start([]);
  await new Promise<void>((resolve) => {
    next.child.stderr.on('data', (data) => String(data).includes('waiting for it') && resolve());
  });
  unblock('bundles');
  expect(await next.result).toMatchObject({ exit: 5 });
  await result;
});

test('a change while the set-up runs is not taken for built', async () => {
  block('bundles');
  const { result } = start([]);
  await appears('blocked-bundles');
  appendFileSync(join(root, 'packages/x/src/a.ts'), 'late');
  unblock('bundles');
  expect(await result).toMatchObject({ exit: 5 });
  stagesRun();
  await run();
  expect(stagesRun()).toEqual(['bundles']);
});

/** Runs as someone who may not write to the checkout, which takes another user when the tests are root's. */
function runReadOnly(): Promise<{ exit: unknown; stdout: string; stderr: string }> {
  execFileSync('chmod', ['-R', 'a-w,a+rX', dir]);
  if (process.getuid?.() !== 0) return run();
  const args = ['--reuid=65534', '--regid=65534', '--clear-groups', join(root, 'nook')];
  return run(args, { program: 'setpriv', cwd: '/' });
}

test('a checkout that is set up runs where it may not be written to, even when its times are new', async () => {
  // Root's own Node may lie where nobody else can reach it.
  const node = join(dir, 'node');
  copyFileSync(process.execPath, node);
  await run([], { env: { NOOK_TEST_NODE: node } });
  chmodSync(join(root, 'packages/x/src/a.ts'), 0o600);
  try {
    expect(await runReadOnly()).toEqual({ exit: 5, stdout: '[]\n', stderr: '' });
  } finally {
    execFileSync('chmod', ['-R', 'u+w', dir]);
  }
});

test('a checkout that is not set up and may not be written to says whose it is', async () => {
  try {
    const { exit, stderr } = await runReadOnly();
    expect(exit).toBe(70);
    expect(stderr).toMatch(/may not write to it \(.* belongs to \w+\)/);
  } finally {
    execFileSync('chmod', ['-R', 'u+w', dir]);
  }
});

const BASICS =
  'sh cat chmod chown cut date dirname find flock id ln mkdir mv readlink rm sed setsid setpriv sha256sum sleep sort ' +
  'stat sync tail tar touch uname xargs xz apt-get dpkg-deb';

function onlyThese(programs: string): Record<string, string> {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  for (const name of programs.split(' ')) {
    const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    symlinkSync(path, join(bin, name));
  }
  return { PATH: bin };
}

test('missing programs are named with the command that installs them', async () => {
  const { exit, stdout, stderr } = await run([], { env: onlyThese(`${BASICS} node npm`) });
  expect({ exit, stdout }).toEqual({ exit: 69, stdout: '' });
  expect(stderr).toMatch(/missing on this machine: qemu-system-x86_64, qemu-img.*mmdebstrap.*musl-gcc/);
  expect(stderr).toMatch(/apt-get install -y --no-install-recommends qemu-system-x86 qemu-utils .*musl-tools/);
  expect(stagesRun()).toEqual([]);
});

test('without Node.js or npm it says how to get them', async () => {
  const { exit, stderr } = await run([], { env: onlyThese(BASICS) });
  expect(exit).toBe(72);
  expect(stderr).toContain('apt-get install -y nodejs npm');
});

test('with-toolchain runs any command with the checkout’s Node first on its PATH', async () => {
  const program = join(root, 'tools/with-toolchain');
  const { exit, stdout } = await run(['sh', '-c', 'echo "$1 $(command -v node)"; exit 4', '-', 'a b'], { program });
  expect({ exit, stdout }).toEqual({ exit: 4, stdout: `a b ${root}/.nook/bin/node\n` });
});
