import { isDeepStrictEqual } from 'node:util';
import type { Applied, ServiceView } from '../../contract.ts';
import { type PublishedPort, portChanges } from './port-changes.ts';
import type { ProjectMachine } from './read-project.ts';
import { serviceDefinitions } from './service-definitions.ts';

/** What there is of a machine, here and in the daemon. */
export interface MachineFacts {
  /** Undefined: there is no VM. */
  readonly vm?: { readonly state: string; readonly publish: readonly PublishedPort[] } | undefined;
  /** What was done for it; undefined: nothing. */
  readonly applied?: Applied | undefined;
  /** What `vm set` would change of the VM. */
  readonly settings: { readonly changed: readonly string[]; readonly restart_needed: readonly string[] };
  /** As in `Applied`, of the files as they are now. */
  readonly files: Readonly<Record<string, string>>;
  /** Of a VM that runs: names of the secrets that its guest has not, or not so, or should not have. */
  readonly secrets: readonly string[];
  readonly services: readonly ServiceView[];
}

type Effect = 'live' | 'restart' | 'recreate';

/** One thing that is not as the file says. */
export interface Change {
  readonly kind: 'shape' | 'setting' | 'publish' | 'unpublish' | 'egress' | 'file' | 'workspace' | 'secret' | 'service';
  /** Of what kind `kind` says: a key, a port, a path, a name. */
  readonly what: string;
  readonly effect: Effect;
}

export interface MachinePlan {
  readonly machine: string;
  readonly vm: string;
  readonly action: 'none' | 'change' | 'start' | 'restart' | 'create' | 'recreate';
  readonly changes: readonly Change[];
}

/** Keys of a machine that a VM has for all its life. */
const FIXED = ['image', 'kernel', 'init', 'network', 'ip', 'mounts'] as const;

/** What a VM is made with, as the file has it. */
export function shapeOf(machine: ProjectMachine): Record<string, unknown> {
  const given = FIXED.filter((key) => machine[key] !== undefined).map((key) => [key, machine[key]]);
  const policy = egressOf(machine);
  return Object.fromEntries([...given, ...(policy === undefined ? [] : [['egress', policy]])]);
}

function egressOf({ egress, allow }: ProjectMachine): object | undefined {
  if (egress === undefined && allow === undefined) return undefined;
  return { ...(egress === undefined ? {} : { egress }), ...(allow === undefined ? {} : { allow }) };
}

/** What is to be done so that a machine is as the file says. Pure. */
export function planMachine(wanted: ProjectMachine, facts: MachineFacts): MachinePlan {
  const { machine, vm } = wanted;
  if (facts.vm === undefined) return { machine, vm, action: 'create', changes: [] };
  const changes = [
    ...shapeChanges(shapeOf(wanted), facts.applied?.shape ?? {}),
    ...settingChanges(facts.settings),
    ...portChanges(wanted.publish ?? [], facts.vm.publish),
    ...fileChanges(facts.files, facts.applied?.files ?? {}),
    ...workspaceChange(wanted, facts.applied),
    ...facts.secrets.map((what): Change => ({ kind: 'secret', what, effect: 'live' })),
    ...serviceChanges(wanted, facts.services),
  ];
  return { machine, vm, action: actionOf(facts.vm.state, changes), changes };
}

/** How an action is told: `--json` has the same words. */
function actionOf(state: string, changes: readonly Change[]): MachinePlan['action'] {
  if (changes.some(({ effect }) => effect === 'recreate')) return 'recreate';
  if (state !== 'running') return 'start';
  if (changes.some(({ effect }) => effect === 'restart')) return 'restart';
  return changes.length > 0 ? 'change' : 'none';
}

function shapeChanges(wanted: Readonly<Record<string, unknown>>, before: Readonly<Record<string, unknown>>): Change[] {
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(before)])].sort();
  return keys
    .filter((key) => JSON.stringify(wanted[key]) !== JSON.stringify(before[key]))
    .map((key) =>
      key === 'egress' && key in wanted && key in before
        ? { kind: 'egress', what: 'egress', effect: 'live' }
        : { kind: 'shape', what: key, effect: 'recreate' },
    );
}

/** What waits for a restart from earlier is a change as well. */
function settingChanges({ changed, restart_needed: waiting }: MachineFacts['settings']): Change[] {
  return [...new Set([...changed, ...waiting])].map((what) => ({
    ...{ kind: 'setting', what },
    effect: waiting.includes(what) ? 'restart' : 'live',
  }));
}

function fileChanges(wanted: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): Change[] {
  return Object.keys(wanted)
    .filter((target) => wanted[target] !== before[target])
    .map((what) => ({ kind: 'file', what, effect: 'live' }));
}

function workspaceChange({ workspace }: ProjectMachine, applied: Applied | undefined): Change[] {
  const path = typeof workspace === 'object' ? workspace.path : workspace;
  return path === undefined || path === applied?.workspace ? [] : [{ kind: 'workspace', what: path, effect: 'live' }];
}

/** A service that has done what it had to is as it should be. */
function serviceChanges(wanted: ProjectMachine, services: readonly ServiceView[]): Change[] {
  const definitions = serviceDefinitions(wanted);
  const isRight = ({ name, definition, state, exit_code }: ServiceView) =>
    isDeepStrictEqual(definition, definitions[name]) &&
    (['starting', 'running', 'restarting'].includes(state) || (state === 'exited' && exit_code === 0));
  const right = services.filter(isRight).map(({ name }) => name);
  const names = [...new Set([...Object.keys(definitions), ...services.map(({ name }) => name)])];
  return names.filter((name) => !right.includes(name)).map((what) => ({ kind: 'service', what, effect: 'live' }));
}
