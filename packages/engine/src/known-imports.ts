/**
 * What to import for a capability or a config section that nobody of this daemon serves. For hints alone: a plugin
 * that is not here works as well as any other.
 */
const CAPABILITIES: Readonly<Record<string, string>> = {
  images: '@nook/plugin-images/register',
  kernels: '@nook/plugin-images/register',
  network: '@nook/plugin-network/register',
  vms: '@nook/plugin-vm/register',
  privileged: '@nook/plugin-roothelper/register',
};

const SECTIONS: Readonly<Record<string, string>> = {
  images: '@nook/plugin-images/register',
  network: '@nook/plugin-network/register',
  vm: '@nook/plugin-vm/register',
  roothelper: '@nook/plugin-roothelper/register',
  workspace: '@nook/plugin-workspace/register',
};

export function importForCapability(capability: string): string {
  const known = Object.hasOwn(CAPABILITIES, capability) ? CAPABILITIES[capability] : undefined;
  return known === undefined ? 'Import the plugin that provides it.' : `Import '${known}'.`;
}

export function importForSection(section: string): string | undefined {
  return Object.hasOwn(SECTIONS, section) ? `Import '${SECTIONS[section]}'.` : undefined;
}
