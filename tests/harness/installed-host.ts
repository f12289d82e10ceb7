import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemdImage } from './debian-image.ts';
import type { Home, Outcome } from './home.ts';

const run = promisify(execFile);

/** What the package depends on, what it recommends, and a resolver that can be told whom to ask for which names. */
const PACKAGES = [
  ...['qemu-system-x86', 'qemu-utils', 'e2fsprogs', 'mmdebstrap', 'uidmap', 'xz-utils', 'ca-certificates'],
  ...['debian-archive-keyring', 'libpam-systemd', 'iproute2', 'nftables', 'slirp4netns', 'procps', 'kmod'],
  ...['systemd-resolved', 'libnss-resolve'],
];

/** A Debian with systemd in a VM, for nook to be installed on. Its folder `/srv` holds what was put there. */
export class InstalledHost {
  readonly #home: Home;
  readonly #name = 'host';

  private constructor(home: Home) {
    this.#home = home;
  }

  static async boot(home: Home): Promise<InstalledHost> {
    const image = await systemdImage(home, PACKAGES);
    const shape = ['--memory', '2G', '--vcpus', '2'];
    await home.ok('vm', 'run', '-d', '--name', 'host', '--image', image, '--init', 'image', ...shape);
    const host = new InstalledHost(home);
    await host.ok('systemctl is-system-running --wait');
    return host;
  }

  /** Runs a script in it, as root. */
  sh(script: string): Promise<Outcome> {
    return this.#home.nook(['vm', 'exec', this.#name, '--', 'sh', '-c', script]);
  }

  /** As `sh`, of a script that must succeed. */
  async ok(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.sh(script);
    if (code === 0) return stdout;
    throw new Error(`in the guest, '${script}' ended with ${code}\n${stdout}${stderr}`);
  }

  /** As a user, in a shell that logged in. */
  as(user: string, command: string): Promise<Outcome> {
    return this.sh(`exec su - ${user} -c '${command.replaceAll("'", "'\\''")}'`);
  }

  async put(...files: readonly string[]): Promise<void> {
    await this.#home.ok('vm', 'cp', ...files, `${this.#name}:/srv/`);
  }

  /** Gives the service in it the small image and its kernel, as this machine's store has them. */
  async putImages(store: string, scratch: string): Promise<void> {
    const names = ['names/images/busybox.json', 'names/kernels/debian-cloud.json'];
    const [image, kernel] = await Promise.all(names.map((name) => digestIn(join(store, name))));
    const archive = join(scratch, 'images.tar.gz');
    const parts = [...names, `images/${image}`, `kernels/${kernel}`];
    await run('tar', ['-I', 'gzip -1', '-S', '-C', store, '-cf', archive, ...parts]);
    await this.put(archive);
    await this.ok('tar -xf /srv/images.tar.gz -C /var/lib/nook/images && chown -R alice: /var/lib/nook/images');
  }
}

async function digestIn(record: string): Promise<string> {
  const { digest } = JSON.parse(await readFile(record, 'utf8')) as { readonly digest: string };
  return digest.replace('sha256:', '');
}
