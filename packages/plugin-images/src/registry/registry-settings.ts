import { isLoopback } from './fetcher.ts';

/** `[images.registries."HOST"]` of config.toml. */
interface RegistrySettings {
  /** Base URLs that are asked first, in order. */
  readonly mirrors: readonly string[];
  /** Whether it is spoken to without TLS; absent: when it is one of this machine's loopback. */
  readonly insecure?: boolean | undefined;
}

export type Registries = Readonly<Record<string, RegistrySettings>>;

/** Docker's own registry is served under another name than it is called by. */
const HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** Where a registry's images are asked for: its mirrors, then itself. */
export function endpointsOf(registry: string, registries: Registries): { readonly base: URL; readonly name: string }[] {
  const settings = registries[registry];
  const mirrors = (settings?.mirrors ?? []).map((url) => new URL(url));
  const host = HOSTS[registry] ?? registry;
  const plain = settings?.insecure ?? isLoopback(new URL(`http://${host}`));
  const own = { base: new URL(`${plain ? 'http' : 'https'}://${host}`), name: registry };
  return [...mirrors.map((base) => ({ base, name: base.host })), own];
}
