/** The kernel that is meant when none is named. */
export const KERNEL = {
  name: 'debian-cloud',
  summary: "Debian's kernel for virtual machines (linux-image-cloud-amd64)",
  package: 'linux-image-cloud-amd64',
} as const;
