import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { unitFiles } from '../../packages/plugin-roothelper/src/cli/units.ts';

const run = promisify(execFile);

const LIB = '/usr/lib/nook';
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/nook',
  zsh: 'usr/share/zsh/vendor-completions/_nook',
  fish: 'usr/share/fish/vendor_completions.d/nook.fish',
} as const;
/** What the programs of a set-up machine come from: tools/setup/host-programs.sh. */
const DEPENDS = [
  ...[
    'libc6 (>= 2.28)',
    'libgcc-s1',
    'libstdc++6',
    'qemu-system-x86',
    'qemu-utils',
    'e2fsprogs',
    'mmdebstrap',
    'uidmap',
  ],
  ...['xz-utils', 'ca-certificates', 'debian-archive-keyring'],
];
const RECOMMENDS = ['dbus', 'libpam-systemd', 'nftables', 'slirp4netns'];

interface DebOptions {
  readonly root: string;
  /** What {@link stage} made. */
  readonly lib: string;
  /** Becomes the tree of the package. */
  readonly tree: string;
  readonly version: string;
  readonly out: string;
}

/** @returns the path of the package */
export async function makeDeb({ root, lib, tree, version, out }: DebOptions): Promise<string> {
  await cp(lib, join(tree, LIB), { recursive: true });
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await symlink('../lib/nook/bin/nook', join(tree, 'usr/bin/nook'));
  const programs = {
    node: `${LIB}/bin/node`,
    helper: `${LIB}/dist/nook-roothelper.mjs`,
    daemon: `${LIB}/dist/nookd.mjs`,
  };
  for (const [name, text] of Object.entries(unitFiles(programs))) await put(tree, `lib/systemd/system/${name}`, text);
  for (const [shell, path] of Object.entries(COMPLETIONS)) {
    const { stdout } = await run(join(lib, 'bin/nook'), ['completion', shell]);
    await put(tree, path, stdout);
  }
  await documents({ root, tree, version });
  const bytes = await modes(tree);
  await put(tree, 'DEBIAN/control', control(version, Math.ceil(bytes / 1024)));
  for (const script of ['preinst', 'postinst', 'prerm', 'postrm']) {
    const text = await readFile(join(root, 'tools/deb/debian', script), 'utf8');
    await put(tree, `DEBIAN/${script}`, text.replaceAll('@VERSION@', version));
    await chmod(join(tree, 'DEBIAN', script), 0o755);
  }
  await chmod(join(tree, 'DEBIAN'), 0o755);
  const path = join(out, `nook_${version}_amd64.deb`);
  // The least effort of xz: Node.js alone is 120 MB.
  await run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree, path]);
  return path;
}

async function documents({ root, tree, version }: Pick<DebOptions, 'root' | 'tree' | 'version'>): Promise<void> {
  const licence = await readFile(join(tree, LIB, 'node_modules/better-sqlite3/LICENSE'), 'utf8');
  const koffi = await readFile(join(tree, LIB, 'node_modules/koffi/LICENSE.txt'), 'utf8');
  const own = `nook: Apache License, Version 2.0; see /usr/share/common-licenses/Apache-2.0\n`;
  const others = `\nNode.js (bin/node) is under the licences that \`node -p process.release\` names the source of; MIT for Node.js itself.\n`;
  await put(tree, 'usr/share/doc/nook/copyright', `${own}${others}\nbetter-sqlite3:\n${licence}\nkoffi:\n${koffi}`);
  await put(
    tree,
    'usr/share/lintian/overrides/nook',
    await readFile(join(root, 'tools/deb/debian/lintian-overrides'), 'utf8'),
  );
  const entry = `nook (${version}) stable; urgency=medium\n\n  * Version ${version}.\n\n -- ${MAINTAINER}  ${date()}\n`;
  await put(tree, 'usr/share/doc/nook/changelog.gz', gzipSync(entry, { level: 9 }));
}

const MAINTAINER = 'nook <nook@localhost.invalid>';

function date(): string {
  return new Date().toUTCString().replace('GMT', '+0000');
}

function control(version: string, kilobytes: number): string {
  return `Package: nook
Version: ${version}
Architecture: amd64
Maintainer: ${MAINTAINER}
Installed-Size: ${kilobytes}
Depends: ${DEPENDS.join(', ')}
Recommends: ${RECOMMENDS.join(', ')}
Section: admin
Priority: optional
Description: one-command sandboxes in real microVMs
 nook boots a real virtual machine for one command, runs the command in it
 with your terminal or pipes attached, and hands you its exit code. Machines
 are thrown away or kept; they run with KVM, or without it under emulation.
`;
}

async function put(tree: string, path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), data);
}

/** Readable by all, whatever the umask; programs are executable. @returns the bytes of all files */
async function modes(dir: string): Promise<number> {
  let bytes = 0;
  await chmod(dir, 0o755);
  for (const { name, parentPath } of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(parentPath, name);
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) continue;
    await chmod(path, stats.isDirectory() || /\/(?:bin\/\w+|nook-init)$/.test(path) ? 0o755 : 0o644);
    if (stats.isFile()) bytes += stats.size;
  }
  return bytes;
}
