/** The tap of a VM; `nk` marks what is ours. */
export function tapName(vm: string): string {
  return `nk${vm}`;
}
