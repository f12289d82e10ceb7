import type { NeedsOf, PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type {} from './project-contract.ts';
import type { ProjectRecords } from './project-records.ts';
import type { Services } from './services.ts';

const name = z.string().min(1).max(63);
const path = z.string().min(1).max(4_095);
const record = {
  file: path,
  project: name,
  machine: name,
  applied: z.strictObject({
    shape: z.record(z.string(), z.unknown()),
    files: z.record(z.string(), z.string()),
    secrets: z.array(z.string()),
    depends_on: z.array(name),
    networks: z.array(name).optional(),
    workspace: path.optional(),
  }),
};
const definition = z.strictObject({
  argv: z.array(z.string()).min(1),
  env: z.array(z.string()),
  cwd: path.optional(),
  user: z.string().optional(),
  restart: z.enum(['no', 'on-failure', 'always']),
  stop_signal: z.string().min(1),
  grace_ms: z.number().min(0).max(86_400_000),
  timeout_ms: z.number().min(1).max(86_400_000).optional(),
  secrets: z.array(z.string()),
});
const service = z.object({
  name,
  state: z.enum(['starting', 'running', 'restarting', 'exited', 'waiting', 'stopped']),
  definition,
  session: z.string().optional(),
  earlier_sessions: z.array(z.string()),
  started_at: z.number().optional(),
  ended_at: z.number().optional(),
  exit_code: z.number().optional(),
  restarts: z.number(),
  next_restart_at: z.number().optional(),
  reason: z.string().optional(),
});
const view = z.object({ name, ...record, services: z.array(service) });

interface Parts {
  readonly projects: ProjectRecords;
  readonly services: Services;
  readonly vms: NonNullable<NeedsOf<'workspace'>['vms']>;
}

export function registerProjectMethods(
  { method }: PluginContext<'workspace'>,
  { projects, services, vms }: Parts,
): void {
  method('project.record', {
    summary: 'Keeps that a VM is a machine of a project, and what was done to it for that.',
    access: 'write',
    params: z.strictObject({ vm: name, ...record }),
    result: view,
    run: ({ vm, ...given }) => {
      const id = vms.idOf(vm);
      projects.record(id, given);
      return { name: vm, ...given, services: services.view(id) };
    },
  });
  method('project.list', {
    summary: 'The machines of a project, or of all.',
    access: 'read',
    params: z.strictObject({ file: path.optional() }),
    result: z.array(view),
    run: ({ file }) => projects.list(file).map(({ id, ...each }) => ({ ...each, services: services.view(id) })),
  });
  method('project.services.set', {
    summary: 'Has these commands, and no others, be kept running in a VM.',
    access: 'write',
    params: z.strictObject({ vm: name, services: z.record(name, definition) }),
    result: z.array(service),
    run: async ({ vm, services: definitions }, { opId }) => {
      const id = vms.idOf(vm);
      await services.set(id, definitions, opId);
      return services.view(id);
    },
  });
  method('project.services.stop', {
    summary: 'Ends all commands that are kept running in a VM.',
    access: 'write',
    params: z.strictObject({ vm: name }),
    result: z.array(service),
    run: async ({ vm }, { opId }) => {
      const id = vms.idOf(vm);
      await services.stop(id, opId);
      return services.view(id);
    },
  });
  method('project.services.next', {
    summary: 'Answers when a command that is kept running has another session than the one that is named.',
    access: 'read',
    params: z.strictObject({ vm: name, service: name, session: z.string() }),
    result: service,
    run: ({ vm, ...asked }, { signal }) => services.next(vms.idOf(vm), asked, signal),
  });
}
