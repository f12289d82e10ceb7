/** What a VM is called by ssh, beside its name. */
const DOMAIN = '.nook';

export interface KnownHost {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
}

/**
 * The lines of a known_hosts file with those of one VM in place, and without those of VMs that are gone or called otherwise.
 * The comment of each line is the VM's id.
 */
export function withHost(file: string, host: KnownHost, nameOf: (id: string) => string | undefined): string {
  const kept = file.split('\n').filter((line) => {
    const [name = '', , , id = ''] = line.split(' ');
    const current = nameOf(id);
    return id !== host.id && name !== host.name + DOMAIN && current !== undefined && name === current + DOMAIN;
  });
  return `${[...kept, `${host.name}${DOMAIN} ${host.publicKey} ${host.id}`].sort().join('\n')}\n`;
}
