import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { NookError } from '@nook/daemonapi';
import { checkStrictly, type SchemaProblem } from '@nook/wire/schema-check';
import { suggestionHint } from '@nook/wire/suggest';
import { parse } from 'smol-toml';
import { findProject } from './find-project.ts';
import { keyLine } from './key-line.ts';
import { type MachineEntry, projectSchema } from './project-schema.ts';
import { sortMachines } from './sort-machines.ts';
import { substitute } from './variables.ts';

export interface ProjectMachine extends MachineEntry {
  /** As the file calls it. */
  readonly machine: string;
  /** The VM's name. */
  readonly vm: string;
}

export interface Project {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly networks: readonly ProjectNetwork[];
  /** What a machine depends on stands before it. */
  readonly machines: readonly ProjectMachine[];
}

/** A network that is there for the project. */
export interface ProjectNetwork {
  readonly name: string;
  readonly subnet?: string | undefined;
  readonly isolated: boolean;
}

interface ReadOptions {
  /** As `--file` has it. */
  readonly file?: string | undefined;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws NookError `not_found`, `unavailable`, `bad_params` with all problems, each with line and key */
export async function readProject({ file: given, folder, env }: ReadOptions): Promise<Project> {
  const file = findProject(given, folder);
  const text = await contentOf(file);
  const { value, unset } = substitute(parsed(text, file), env);
  const checked = await checkStrictly(projectSchema, value);
  const problems: SchemaProblem[] = [
    ...unset.map(({ name, path }) => ({
      path: path.join('.'),
      message: `The variable ${name} is not set`,
      hint: `Set it, write \${${name}:-DEFAULT}, or $\${${name}} for the guest’s own.`,
    })),
    // What an unset variable left behind is no problem of its own.
    ...('problems' in checked ? checked.problems : []).filter(
      ({ path }) => !unset.some((each) => each.path.join('.') === path),
    ),
  ];
  if (problems.length > 0 || !('value' in checked)) throw projectError(file, text, problems);
  const { name = nameOf(dirname(file)), machine, network: own = {} } = checked.value;
  const names = Object.keys(machine);
  const missing = missingDependencies(machine, names);
  if (names.length === 0)
    missing.push({ path: 'machine', message: 'There is no machine', hint: 'Write [machine.dev].' });
  if (missing.length > 0) throw projectError(file, text, missing);
  const sorted = sortMachines(Object.fromEntries(names.map((each) => [each, machine[each]?.depends_on ?? []])));
  if ('cycle' in sorted) {
    const [path, message] = [
      `machine.${sorted.cycle[0]}.depends_on`,
      `Machines wait for each other: ${sorted.cycle.join(' → ')}`,
    ];
    throw projectError(file, text, [{ path, message, hint: 'Take one of these dependencies away.' }]);
  }
  const inNetwork = ({ network, ...entry }: MachineEntry): MachineEntry => ({
    ...entry,
    ...(network !== undefined && { network: Object.hasOwn(own, network) ? `${name}-${network}` : network }),
  });
  const machines = sorted.order.map((each) => ({
    ...absolute(inNetwork(machine[each] as MachineEntry), dirname(file)),
    machine: each,
    vm: `${name}-${each}`,
  }));
  const networks = Object.entries(own).map(([each, settings]) => ({ ...settings, name: `${name}-${each}` }));
  return { name, file, networks, machines };
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new NookError(
      missing ? 'not_found' : 'unavailable',
      `'${file}' cannot be read: ${(error as Error).message}`,
      {
        hint: missing ? 'Write one: nook init' : 'Look at its permissions.',
        cause: error,
      },
    );
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new NookError('bad_params', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** A folder's name as the name of a project. */
export function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replace(/^-+|-+$/g, '');
  return name || 'project';
}

function missingDependencies(
  machines: Readonly<Record<string, MachineEntry>>,
  names: readonly string[],
): SchemaProblem[] {
  return Object.entries(machines).flatMap(([machine, { depends_on: needed = [] }]) =>
    needed
      .filter((each) => !names.includes(each))
      .map((each) => {
        const hint = suggestionHint(each, names);
        return {
          path: `machine.${machine}.depends_on`,
          message: `There is no machine '${each}'`,
          ...(hint === undefined ? {} : { hint }),
        };
      }),
  );
}

/** Every path of the host begins at the file's folder, or at the home for `~/`. */
function absolute(entry: MachineEntry, folder: string): MachineEntry {
  const at = (path: string) => (/^~(?=\/|$)/.test(path) ? join(homedir(), path.slice(1)) : resolve(folder, path));
  const { mounts, files, workspace, secrets } = entry;
  return {
    ...entry,
    ...(mounts && { mounts: mounts.map((mount) => ({ ...mount, source: at(mount.source) })) }),
    ...(files && { files: files.map((each) => ({ ...each, source: at(each.source) })) }),
    ...(typeof workspace === 'string' && { workspace: at(workspace) }),
    ...(typeof workspace === 'object' && { workspace: { ...workspace, path: at(workspace.path) } }),
    ...(secrets && {
      secrets: Object.fromEntries(
        Object.entries(secrets).map(([name, from]) => [name, 'file' in from ? { ...from, file: at(from.file) } : from]),
      ),
    }),
  };
}

function projectError(file: string, text: string, problems: readonly SchemaProblem[]): NookError {
  const lines = problems.map(({ path, message, hint }) => {
    const line = keyLine(text, path.split('.'));
    return `${line === undefined ? '' : `line ${line}: `}${path}: ${message}.${hint ? ` ${hint}` : ''}`;
  });
  const message =
    lines.length === 1 ? `${file}: ${lines[0]}` : `${file}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new NookError('bad_params', message, { hint: `Correct '${file}'.`, details: { file, problems } });
}
