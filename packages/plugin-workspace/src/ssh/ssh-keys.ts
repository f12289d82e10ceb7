import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError, type PortVm } from '@nook/daemonapi';
import { writeFileAtomic } from '@nook/wire';
import type { SshFiles } from '../contract.ts';
import { type KeyPair, keyPair } from './key-pair.ts';
import { withHost } from './known-hosts.ts';

const SEED_BYTES = 32;

interface SshKeysOptions {
  readonly dir: string;
  /** Undefined: there is no such VM. */
  readonly nameOf: (id: string) => string | undefined;
}

/**
 * nook's own key, and a host key for each VM. All of them follow from one secret, so that a VM's key needs no record: it is
 * the same whenever it is made, and another VM's is another.
 */
export class SshKeys {
  readonly #options: SshKeysOptions;
  #secret: Promise<Buffer> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: SshKeysOptions) {
    this.#options = options;
  }

  async files(): Promise<SshFiles> {
    const identity = await this.user();
    const files = this.#files();
    await this.#inTurn(async () => {
      await replace(files.identity_file, identity.privateFile, ({ length }) => length > 0);
      await replace(`${files.identity_file}.pub`, `${identity.publicKey} nook\n`);
      await replace(files.known_hosts_file, '', () => true);
    });
    return files;
  }

  /** Of who connects to VMs. */
  user(): Promise<KeyPair> {
    return this.#key('user', 'nook');
  }

  /** The host key of a VM; known_hosts has it when this returns. */
  async host(vm: PortVm): Promise<KeyPair> {
    const key = await this.#key(`host ${vm.id}`, `${vm.name}.nook`);
    const { dir, nameOf } = this.#options;
    await this.#inTurn(async () => {
      const path = join(dir, 'known_hosts');
      const present = (await readIfThere(path)) ?? '';
      await replace(path, withHost(present, { ...vm, publicKey: key.publicKey }, nameOf));
    });
    return key;
  }

  #files(): SshFiles {
    const { dir } = this.#options;
    return { identity_file: join(dir, 'id_ed25519'), known_hosts_file: join(dir, 'known_hosts') };
  }

  async #key(of: string, comment: string): Promise<KeyPair> {
    this.#secret ??= this.#inTurn(() => this.#readSecret());
    const secret = await this.#secret.catch((error: unknown) => {
      this.#secret = undefined;
      throw error;
    });
    return keyPair(createHmac('sha256', secret).update(of).digest(), comment);
  }

  async #readSecret(): Promise<Buffer> {
    const { dir } = this.#options;
    const path = join(dir, 'secret');
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const present = await readFile(path).catch(orUndefined);
    if (present?.length === SEED_BYTES) return present;
    if (present) {
      throw new NookError('conflict', `'${path}' is not what nook has written.`, {
        hint: `Remove it, and ${join(dir, 'known_hosts')}: all ssh keys are made anew.`,
      });
    }
    const secret = randomBytes(SEED_BYTES);
    await writeFileAtomic(path, secret);
    return secret;
  }

  /** One write at a time: each starts from what the one before left. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => {});
    return done;
  }
}

/** @param keep whether what is there already will do; absent: only when it is the same */
async function replace(
  path: string,
  content: string,
  keep: (present: string) => boolean = (present) => present === content,
): Promise<void> {
  const present = await readIfThere(path);
  if (present === undefined || !keep(present)) await writeFileAtomic(path, content);
}

function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(orUndefined);
}

function orUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
