/** The configuration with one Include of `path`, first: what comes first counts in ssh_config(5), and no Host is open there. */
export function withInclude(config: string, path: string): string {
  return `${line(path)}\n${withoutInclude(config, path)}`;
}

/** The configuration without nook's Include. */
export function withoutInclude(config: string, path: string): string {
  return config
    .split('\n')
    .filter((text) => text.trim() !== line(path))
    .join('\n');
}

export function hasInclude(config: string, path: string): boolean {
  return withInclude(config, path) === config;
}

function line(path: string): string {
  return `Include "${path}"`;
}
