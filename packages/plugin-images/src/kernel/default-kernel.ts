/** Name of the kernel that is meant when none is given. */
export const DEFAULT_KERNEL = 'debian-cloud';
