import type { CatalogEntry } from '@nook/daemonapi';

/** Images that every daemon knows by a plain name. */
export const BUILT_IN: readonly CatalogEntry[] = [
  {
    name: 'debian-12',
    summary: 'Debian 12 (bookworm), minimal, with curl, git, iproute2, less, ssh and procps',
    sources: ['debian:bookworm', 'docker.io/library/debian:bookworm'],
  },
  {
    name: 'debian-13',
    summary: 'Debian 13 (trixie), in the same way',
    sources: ['debian:trixie', 'docker.io/library/debian:trixie'],
  },
  {
    name: 'ubuntu-24.04',
    summary: 'Ubuntu 24.04 (noble), in the same way where an archive is known, else minimal',
    sources: ['ubuntu:noble', 'docker.io/library/ubuntu:24.04'],
  },
  {
    name: 'alpine',
    summary: 'Alpine Linux: musl, BusyBox and a package manager in a few MiB',
    sources: ['docker.io/library/alpine:latest'],
  },
  {
    name: 'busybox',
    summary: 'BusyBox: a shell and small tools in a few MiB',
    sources: ['busybox:static', 'docker.io/library/busybox:latest'],
  },
];
