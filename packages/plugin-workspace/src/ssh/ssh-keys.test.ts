import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyPair } from './key-pair.ts';
import { withHost } from './known-hosts.ts';
import { SshKeys } from './ssh-keys.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nook-keys-'));
});
afterEach(() => rm(dir, { recursive: true }));

const names = new Map([
  ['a1', 'web'],
  ['b2', 'db'],
]);
const keysIn = (folder: string) => new SshKeys({ dir: folder, nameOf: (id) => names.get(id) });

const hasKeygen = (() => {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return true;
})();

test('a seed gives the key that RFC 8032 says', () => {
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
  const point = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
  const blob = Buffer.from(keyPair(seed, '').publicKey.split(' ')[1] as string, 'base64');
  expect(blob.subarray(-32).toString('hex')).toBe(point);
});

test.skipIf(!hasKeygen)('OpenSSH reads the private key, and finds the same public one', async () => {
  for (const comment of ['', 'nook', 'a longer comment']) {
    const { publicKey, privateFile } = keyPair(Buffer.alloc(32, comment.length + 1), comment);
    const path = join(dir, 'key');
    await writeFile(path, privateFile, { mode: 0o600 });
    expect(execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' }).trim()).toBe(
      `${publicKey} ${comment}`.trim(),
    );
  }
});

describe('the keys of a home', () => {
  test('are made once, for nobody else to read, and are the same after a restart', async () => {
    const folder = join(dir, 'ssh');
    const [files] = await Promise.all([keysIn(folder).files()]);
    const user = await keysIn(folder).user();
    expect(await readFile(files.identity_file, 'utf8')).toContain('BEGIN OPENSSH PRIVATE KEY');
    expect(await readFile(`${files.identity_file}.pub`, 'utf8')).toBe(`${user.publicKey} nook\n`);
    const { mtimeMs } = await stat(files.identity_file);
    expect(await keysIn(folder).files()).toEqual(files);
    expect((await stat(files.identity_file)).mtimeMs).toBe(mtimeMs);
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o77).toBe(0);
  });

  test('are another for each VM and each home', async () => {
    const one = keysIn(join(dir, 'one'));
    const keys = [
      await one.host({ id: 'a1', name: 'web' }),
      await one.host({ id: 'b2', name: 'db' }),
      await keysIn(join(dir, 'two')).host({ id: 'a1', name: 'web' }),
      await one.user(),
    ];
    expect(new Set(keys.map(({ publicKey }) => publicKey)).size).toBe(4);
    expect(await one.host({ id: 'a1', name: 'renamed' })).toMatchObject({ publicKey: keys[0]?.publicKey });
  });

  test('stand in known_hosts before a connection, also when several are made at once', async () => {
    const keys = keysIn(dir);
    const { known_hosts_file } = await keys.files();
    const [web, db] = await Promise.all([keys.host({ id: 'a1', name: 'web' }), keys.host({ id: 'b2', name: 'db' })]);
    expect(await readFile(known_hosts_file, 'utf8')).toBe(`db.nook ${db.publicKey} b2\nweb.nook ${web.publicKey} a1\n`);
  });

  test('are not made over a secret that is none', async () => {
    await writeFile(join(dir, 'secret'), 'short');
    await expect(keysIn(dir).user()).rejects.toMatchObject({ code: 'conflict' });
    await rm(join(dir, 'secret'));
  });
});

test('known_hosts forgets VMs that are gone, renamed, or whose name another one has now', () => {
  const before = 'db.nook ssh-ed25519 OLD x9\ngone.nook ssh-ed25519 K g7\nold.nook ssh-ed25519 K a1\n';
  const host = { id: 'b2', name: 'db', publicKey: 'ssh-ed25519 NEW' };
  expect(withHost(before, host, (id) => names.get(id))).toBe('db.nook ssh-ed25519 NEW b2\n');
  expect(withHost('web.nook ssh-ed25519 K a1\n', host, (id) => names.get(id))).toBe(
    'db.nook ssh-ed25519 NEW b2\nweb.nook ssh-ed25519 K a1\n',
  );
});
