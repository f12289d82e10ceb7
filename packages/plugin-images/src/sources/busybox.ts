import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../processes/run-program.ts';
import { type Kitchen, NO_CONFIG, type Recipe } from './recipe.ts';

const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'proc',
  'root',
  'run',
  'sbin',
  'sys',
  'tmp',
  'usr/bin',
  'usr/sbin',
  'var/log',
];
const MODES: Readonly<Record<string, number>> = { root: 0o700, tmp: 0o1777 };

function files(version: string): Readonly<Record<string, string>> {
  return {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
    'etc/group': 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n',
    'etc/shells': '/bin/sh\n',
    'etc/profile':
      "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='\\u@\\h:\\w\\$ '\n",
    'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
    'etc/os-release': `ID=busybox\nNAME=BusyBox\nVERSION_ID="${version}"\nPRETTY_NAME="BusyBox ${version}"\n`,
  };
}

/** One static program under all its names: the smallest root that has a shell. */
export async function busyboxRecipe(kitchen: Kitchen): Promise<Recipe> {
  const { signal, place } = kitchen;
  const archive = await kitchen.archive();
  const wanted = await archive.package('busybox-static');
  const file = await archive.download(wanted, join(place.directory, 'download'));
  const unpacked = join(place.directory, 'package');
  const options = { signal, lockFd: place.lockFd };
  await runProgram('dpkg-deb', ['-x', file, unpacked], { ...options, packageName: 'dpkg' });
  const root = join(place.directory, 'tree');
  for (const name of DIRECTORIES) await mkdir(join(root, name), { recursive: true });
  await copyFile(join(unpacked, 'bin/busybox'), join(root, 'bin/busybox'));
  // The package's program runs on the host for this: it is static, and apt has checked it.
  const { stdout } = await runProgram(join(root, 'bin/busybox'), ['--list-full'], options);
  for (const applet of stdout.trim().split('\n')) {
    if (applet === 'bin/busybox' || !/^(usr\/)?s?bin\/[^/]+$/.test(applet)) continue;
    await symlink('/bin/busybox', join(root, applet));
  }
  for (const [name, text] of Object.entries(files(wanted.version))) await writeFile(join(root, name), text);
  await fixModes(root);
  await rm(unpacked, { recursive: true });
  return { source: `busybox-static ${wanted.version}`, tar: tarOf(root, await archive.indexTime()), config: NO_CONFIG };
}

async function fixModes(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const name of ['usr', 'var', ...DIRECTORIES]) await chmod(join(root, name), MODES[name] ?? 0o755);
  for (const name of Object.keys(files(''))) await chmod(join(root, name), 0o644);
  await chmod(join(root, 'bin/busybox'), 0o755);
}

function tarOf(root: string, time: number) {
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${time}`];
  return { program: 'tar', args: ['-C', root, ...same, '-cf', '-', '.'] };
}
