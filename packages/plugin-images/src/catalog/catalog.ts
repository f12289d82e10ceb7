import { busyboxRecipe } from '../sources/busybox.ts';
import { debianRecipe } from '../sources/debian.ts';
import type { Kitchen, Recipe } from '../sources/recipe.ts';

export interface CatalogEntry {
  readonly name: string;
  readonly summary: string;
  prepare(kitchen: Kitchen): Promise<Recipe>;
}

/** Images that can be pulled by name. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: 'debian-12',
    summary: 'Debian 12 (bookworm), minimal, with curl, git, iproute2, less, ssh and procps',
    prepare: (kitchen) => debianRecipe('bookworm', kitchen),
  },
  {
    name: 'busybox',
    summary: 'BusyBox: a shell and small tools in a few MiB',
    prepare: busyboxRecipe,
  },
];

/** The kernel that is meant when none is named. */
export const KERNEL = {
  name: 'debian-cloud',
  summary: "Debian's kernel for virtual machines (linux-image-cloud-amd64)",
  package: 'linux-image-cloud-amd64',
} as const;
