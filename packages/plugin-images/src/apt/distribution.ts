import { existsSync } from 'node:fs';
import type { ImagesConfig } from '../config.ts';

/** Whose archive it is. */
export interface Distribution {
  /** The origin that its index names. */
  readonly origin: string;
  /** Of its references. */
  readonly scheme: string;
  /** Where its packages are, as sources.list names them. */
  readonly components: string;
  /** Code names of releases: an archive that has one has the others. */
  readonly suites: RegExp;
  /** The package with its archive's keys, and where that puts them; the first that is there counts. */
  readonly keyringPackage: string;
  readonly keyrings: readonly string[];
  /** The table of config.toml that says where its archive is. */
  readonly table: string;
  readonly configured: (config: ImagesConfig) => ArchivePlace;
}

export interface ArchivePlace {
  /** Base URL; absent: what the host's apt uses. */
  readonly mirror?: string | undefined;
  readonly keyring?: string | undefined;
}

const KEYRINGS = '/usr/share/keyrings';

export const DEBIAN: Distribution = {
  origin: 'Debian',
  scheme: 'debian',
  components: 'main',
  suites: /^(bullseye|bookworm|trixie|forky|duke|sid|oldstable|oldoldstable|stable|testing|unstable)$/,
  keyringPackage: 'debian-archive-keyring',
  keyrings: ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp'].map((name) => `${KEYRINGS}/${name}`),
  table: '[images]',
  configured: ({ mirror, keyring }) => ({ mirror, keyring }),
};

export const UBUNTU: Distribution = {
  origin: 'Ubuntu',
  scheme: 'ubuntu',
  components: 'main universe',
  suites: /^(focal|jammy|noble|plucky|questing|resolute)$/,
  keyringPackage: 'ubuntu-keyring',
  keyrings: [`${KEYRINGS}/ubuntu-archive-keyring.gpg`],
  table: '[images.ubuntu]',
  configured: ({ ubuntu }) => ubuntu,
};

/** Its archive's keys on this host, when the package that has them is installed. */
export function archiveKeyring({ keyrings }: Distribution): string | undefined {
  return keyrings.find((path) => existsSync(path));
}
