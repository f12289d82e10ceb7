/** Most bytes that a kernel may have, packed or not. */
export const MAX_KERNEL = 512 * 2 ** 20;
