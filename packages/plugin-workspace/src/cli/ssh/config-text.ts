import type { SshFiles } from '../../contract.ts';

/** How this very program is started again. */
export interface Program {
  readonly argv: readonly string[];
  /** Variables that say which home is meant; absent ones are left out. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The ssh_config(5) that makes `NAME.nook` a host. */
export function configText({ identity_file, known_hosts_file }: SshFiles, program: Program): string {
  return `# Written by nook. "nook ssh-config --uninstall" removes it.
Host *.nook
  User root
  ProxyCommand ${proxyCommand(program)}
  IdentityFile ${quoted(identity_file)}
  IdentitiesOnly yes
  UserKnownHostsFile ${quoted(known_hosts_file)}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  HostKeyAlgorithms ssh-ed25519
  UpdateHostKeys no
  CheckHostIP no
  ForwardAgent no
`;
}

function proxyCommand({ argv, env }: Program): string {
  const variables = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const words = [...(variables.length > 0 ? ['env', ...variables] : []), ...argv].map(shellWord);
  // ssh expands % itself, and hands the line to a shell.
  return `${words.join(' ').replaceAll('%', '%%')} vm proxy %h %p`;
}

function shellWord(word: string): string {
  return /^[\w./=:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A path where ssh_config takes a file: quoted, and % is a token there. */
function quoted(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}
