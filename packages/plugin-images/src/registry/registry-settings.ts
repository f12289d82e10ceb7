import { isLoopback } from './fetcher.ts';

/** `[images.registries."HOST"]` of config.toml. */
interface RegistrySettings {
  /** Base URLs that are asked first, in order. */
  readonly mirrors?: readonly string[];
  /** Without a certificate that is checked, or without TLS where there is none; absent: plain on this machine's loopback. */
  readonly insecure?: boolean | undefined;
}

export type Registries = Readonly<Record<string, RegistrySettings>>;

export interface Place {
  readonly base: URL;
  /** What credentials are kept under. */
  readonly name: string;
  /** Its certificate is not looked at. */
  readonly unverified: boolean;
  /** Where it is when it turns out not to speak TLS. */
  readonly plain?: URL;
}

/** Docker's own registry is served under another name than it is called by. */
const HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** Where a registry's images are asked for: its mirrors, then itself. */
export function endpointsOf(registry: string, registries: Registries): Place[] {
  const { mirrors = [], insecure } = registries[registry] ?? {};
  const places = mirrors.map((url) => {
    const base = new URL(url);
    return { base, name: base.host, unverified: registries[base.host]?.insecure ?? false };
  });
  const host = HOSTS[registry] ?? registry;
  const [plain, base] = ['http', 'https'].map((scheme) => new URL(`${scheme}://${host}`)) as [URL, URL];
  if (insecure) return [...places, { base, name: registry, unverified: true, plain }];
  const own = insecure === undefined && isLoopback(plain) ? plain : base;
  return [...places, { base: own, name: registry, unverified: false }];
}
