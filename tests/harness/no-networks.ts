import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

/** Why networks of several VMs cannot be tested; undefined where they can. */
export const noNetworks: string | undefined = (() => {
  const root = process.getuid?.() === 0;
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    const namespace = [...(root ? [] : ['--user', '--map-root-user']), '--net'];
    execFileSync('unshare', [...namespace, 'slirp4netns', '--version'], { stdio: 'pipe', timeout: 10_000 });
    return undefined;
  } catch (error) {
    return `skipped: ${(error as Error).message.split('\n')[0]}`;
  }
})();
