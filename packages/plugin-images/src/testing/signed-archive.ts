import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { findProgram } from '../processes/environment.ts';
import { type Files, sha256 } from './image-files.ts';
import { run } from './umoci.ts';

interface SignedArchive extends AsyncDisposable {
  /** Base URL. */
  readonly mirror: string;
  /** What it is signed with. */
  readonly keyring: string;
  /** What it serves, by paths: what is put there is served. */
  readonly files: Files;
}

export const ARCHIVE = {
  package: 'pool/busybox-static_1_amd64.deb',
  index: 'dists/bookworm/main/binary-amd64/Packages',
  signed: 'dists/bookworm/InRelease',
};

/** A key of nobody's. @returns the file with its public half, and what signs with it */
async function makeKey(directory: string) {
  const home = join(directory, 'gnupg');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const gpg = (...args: readonly string[]) => run('gpg', '--homedir', home, '--batch', '--quiet', ...args);
  gpg('--passphrase', '', '--quick-generate-key', 'nook test', 'ed25519', 'sign');
  const keyring = join(directory, 'keyring.gpg');
  gpg('--output', keyring, '--export');
  return {
    keyring,
    async clearsign(text: string): Promise<string> {
      await writeFile(join(directory, 'Release'), text);
      return gpg('--output', '-', '--clearsign', join(directory, 'Release'));
    },
    /** It started a program that would stay. */
    end: () => void run('gpgconf', '--homedir', home, '--kill', 'gpg-agent'),
  };
}

async function makePackage(directory: string): Promise<Buffer> {
  const root = join(directory, 'package');
  await mkdir(join(root, 'DEBIAN'), { recursive: true });
  await mkdir(join(root, 'bin'));
  await copyFile(findProgram('busybox') ?? '', join(root, 'bin/busybox'));
  await writeFile(join(root, 'DEBIAN/control'), `${CONTROL}Description: a test\n`);
  const file = join(directory, 'it.deb');
  run('dpkg-deb', '--root-owner-group', '-Znone', '--build', root, file);
  return readFile(file);
}

const CONTROL = 'Package: busybox-static\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <nobody@nowhere>\n';

/** An archive as Debian's, with one package. */
export async function signedArchive(directory: string): Promise<SignedArchive> {
  const deb = await makePackage(directory);
  const about = `Filename: ${ARCHIVE.package}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`;
  const index = `${CONTROL}${about}Description: a test\n\n`;
  const names = 'Origin: Debian\nSuite: oldstable\nCodename: bookworm\nArchitectures: amd64\nComponents: main\n';
  const hashes = `SHA256:\n ${sha256(index)} ${index.length} main/binary-amd64/Packages\n`;
  const key = await makeKey(directory);
  const signed = await key.clearsign(`${names}Date: ${new Date().toUTCString()}\n${hashes}`);
  key.end();
  const files: Files = { [ARCHIVE.package]: deb, [ARCHIVE.index]: index, [ARCHIVE.signed]: signed };
  const server = createServer((from, to) => {
    const content = files[decodeURI(from.url ?? '').slice(1)];
    if (content === undefined) to.writeHead(404).end();
    else to.end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    mirror: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    keyring: key.keyring,
    files,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
