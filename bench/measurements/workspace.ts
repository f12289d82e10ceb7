import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOOK, outcome } from '../../tests/harness/home.ts';
import type { Lab } from '../lab.ts';
import { atMost, type Row } from '../row.ts';
import { summary, timed } from '../statistics.ts';

const measurement = 'workspace';
const FILES = 1_000;
const IMAGE = 'busybox';

/** A repository of many small files on its way into a VM, and to the first command there. */
export async function workspace(lab: Lab): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'nook-bench-workspace-'));
  try {
    await makeRepository(dir);
    await using vm = await lab.vm(IMAGE);
    const run = (...path: string[]) => lab.home.ok('vm', 'run', '--rm', '--image', IMAGE, ...path, '--', 'true');
    const [prepared, piped, bare, within]: [number[], number[], number[], number[]] = [[], [], [], []];
    await run();
    for (let turn = 0; turn < lab.count(7, 3); turn++) {
      bare.push(await timed(() => run()));
      within.push(await timed(() => run(`${dir}/`)));
      piped.push(await timed(() => pipeTar(lab, { dir, vm: vm.name })));
      prepared.push(await timed(() => lab.home.ok('workspace', 'prepare', '--discard', vm.name, dir)));
    }
    const above = summary(within).value - summary(bare).value;
    return [
      {
        ...{ measurement, what: `workspace prepare, ${FILES} files, a VM that runs`, unit: 'ms', ...summary(prepared) },
        peers: [{ what: 'tar through nook vm exec, files alone', ...summary(piped) }],
      },
      {
        ...{ measurement, what: `vm run --rm PATH -- true, ${FILES} files`, unit: 'ms', ...summary(within) },
        peers: [{ what: 'vm run --rm -- true', ...summary(bare) }],
      },
      {
        ...{ measurement, what: '· above the bare one (p50 − p50)', unit: 'ms', value: above, samples: within },
        target: atMost(1_500),
      },
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function makeRepository(dir: string): Promise<void> {
  for (let index = 0; index < FILES; index++) {
    const folder = join(dir, 'src', String(index % 40));
    if (index < 40) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file-${index}.txt`), randomBytes(1_000).toString('base64'));
  }
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org'];
  const git = (...args: string[]) => execFileSync('git', ['-C', dir, ...identity, ...args]);
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'all');
  // As a clone has it.
  git('repack', '-adq');
}

/** The same files through the same channel, by what any image has. */
async function pipeTar(lab: Lab, { dir, vm }: { readonly dir: string; readonly vm: string }): Promise<void> {
  const unpack = 'rm -rf /root/piped && mkdir /root/piped && tar -xC /root/piped';
  const child = spawn('sh', ['-c', `tar -cC ${dir} src | ${NOOK} vm exec ${vm} -- sh -c '${unpack}'`], {
    env: lab.home.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { code, stderr } = await outcome(child);
  if (code !== 0) throw new Error(`tar through vm exec failed: ${stderr}`);
}
