import type { ServiceDefinition } from '../../contract.ts';
import type { ProjectMachine } from './read-project.ts';

/** Where nook workspace prepare puts what it is not told a place for. */
const WORKSPACE_PATH = '/root/repo';

/** The services of a machine, as the daemon keeps them. They begin in the workspace, where there is one. */
export function serviceDefinitions(machine: ProjectMachine): Record<string, ServiceDefinition> {
  const { service = {}, environment = {}, secrets = {}, workspace } = machine;
  const folder = typeof workspace === 'object' ? (workspace.guest_path ?? WORKSPACE_PATH) : workspace && WORKSPACE_PATH;
  return Object.fromEntries(
    Object.entries(service).map(([name, { command, user, restart, ...entry }]) => {
      const variables = Object.entries({ ...environment, ...entry.environment });
      const cwd = entry.workdir ?? folder;
      const definition: ServiceDefinition = {
        argv: typeof command === 'string' ? ['/bin/sh', '-c', command] : command,
        env: variables.map(([variable, value]) => `${variable}=${value}`),
        ...(cwd === undefined ? {} : { cwd }),
        ...(user === undefined ? {} : { user }),
        ...{ restart, stop_signal: entry.stop_signal, grace_ms: entry.grace_seconds * 1000 },
        ...(entry.timeout_seconds === undefined ? {} : { timeout_ms: entry.timeout_seconds * 1000 }),
        secrets: Object.keys(secrets),
      };
      return [name, definition];
    }),
  );
}
