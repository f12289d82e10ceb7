import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageContent, type ImageSource, type ImageWork, NookError, type ResolvedImage } from '@nook/daemonapi';
import { type AptSettings, openArchive } from '../apt/open-archive.ts';
import { runProgram } from '../processes/run-program.ts';
import { withoutUserinfo } from '../userinfo.ts';
import { digestOf } from './digest-of.ts';

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

interface Busybox extends ResolvedImage {
  /** The package, already there: it is small, and apt's index is at hand while the image is resolved. */
  readonly file: string;
  readonly version: string;
  readonly modified: number;
}

/** One static program under all its names: the smallest root that has a shell. */
export function busyboxSource(apt: AptSettings): ImageSource {
  return {
    name: 'busybox',
    schemes: ['busybox'],
    async resolve(reference, work): Promise<Busybox> {
      if (reference !== 'busybox:static') {
        throw new NookError('bad_params', `'${withoutUserinfo(reference)}' is none of the images of busybox.`, {
          hint: 'Write busybox:static.',
        });
      }
      await using held = await openArchive(apt, work);
      const { archive } = held;
      const { version, ...wanted } = await archive.package('busybox-static');
      const file = await archive.download({ version, ...wanted }, join(work.directory, 'download'));
      const { time: modified } = await archive.index();
      const digest = digestOf('busybox', wanted.sha256, modified, DIRECTORIES, MODES, files(version));
      return { digest, source: `busybox-static ${version}`, file, version, modified };
    },
    fetch: (image: Busybox, work) => makeRoot(image, work),
  };
}

async function makeRoot({ file, version, modified }: Busybox, work: ImageWork): Promise<ImageContent> {
  const { signal, lockFd, directory } = work;
  const unpacked = join(directory, 'package');
  await runProgram('dpkg-deb', ['-x', file, unpacked], { signal, lockFd, packageName: 'dpkg' });
  const root = join(directory, 'tree');
  for (const name of DIRECTORIES) await mkdir(join(root, name), { recursive: true });
  await copyFile(join(unpacked, 'bin/busybox'), join(root, 'bin/busybox'));
  // The package's program runs on the host for this: it is static, and apt has checked it.
  const { stdout } = await runProgram(join(root, 'bin/busybox'), ['--list-full'], { signal, lockFd });
  for (const applet of stdout.trim().split('\n')) {
    if (applet === 'bin/busybox' || !/^(usr\/)?s?bin\/[^/]+$/.test(applet)) continue;
    await symlink('/bin/busybox', join(root, applet));
  }
  for (const [name, text] of Object.entries(files(version))) await writeFile(join(root, name), text);
  await fixModes(root);
  await rm(unpacked, { recursive: true });
  return { folder: root, modified };
}

async function fixModes(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const name of ['usr', 'var', ...DIRECTORIES]) await chmod(join(root, name), MODES[name] ?? 0o755);
  for (const name of Object.keys(files(''))) await chmod(join(root, name), 0o644);
  await chmod(join(root, 'bin/busybox'), 0o755);
}
