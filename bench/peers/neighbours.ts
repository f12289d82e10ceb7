import type { AbsentPeer } from '../row.ts';
import { Libvirt } from './libvirt.ts';
import { Podman } from './podman.ts';

const LONGEST_REASON = 120;

/** Daemons that do a similar thing, from the distribution's packages. Those that are missing say so. */
export class Neighbours implements AsyncDisposable {
  podman: Podman | AbsentPeer;
  libvirt: Libvirt | AbsentPeer;
  readonly #stack: AsyncDisposableStack;

  private constructor(podman: Podman | AbsentPeer, libvirt: Libvirt | AbsentPeer, stack: AsyncDisposableStack) {
    this.podman = podman;
    this.libvirt = libvirt;
    this.#stack = stack;
  }

  static async start(): Promise<Neighbours> {
    await using starting = new AsyncDisposableStack();
    const podman = await orAbsent('podman', 'apt-get install podman', () => Podman.start());
    if (!('absent' in podman)) starting.use(podman);
    const packages = 'apt-get install libvirt-daemon-system libvirt-clients';
    const libvirt = await orAbsent('libvirt', packages, () => Libvirt.start());
    if (!('absent' in libvirt)) starting.use(libvirt);
    return new Neighbours(podman, libvirt, starting.move());
  }

  /** Makes `count` containers and domains that are not started. One that cannot is absent from then on. */
  async populate(count: number): Promise<void> {
    const { podman, libvirt } = this;
    if (!('absent' in podman)) {
      await podman.createContainers(count).catch((error: unknown) => {
        this.podman = failing('podman', error);
      });
    }
    if (!('absent' in libvirt)) {
      await libvirt.defineDomains(count).catch((error: unknown) => {
        this.libvirt = failing('libvirt', error);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function orAbsent<T>(
  what: string,
  install: string,
  start: () => Promise<T | undefined>,
): Promise<T | AbsentPeer> {
  try {
    return (await start()) ?? { what, absent: `not installed (${install})` };
  } catch (error) {
    return failing(what, error);
  }
}

function failing(what: string, error: unknown): AbsentPeer {
  const { message, stderr = '' } = error as Error & { stderr?: string };
  const reason = (stderr || message).trim().split('\n').at(-1) ?? '';
  return { what, absent: `does not run here (${reason.replaceAll('|', '/').slice(0, LONGEST_REASON)})` };
}
