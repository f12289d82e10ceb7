import { readFile } from 'node:fs/promises';
import { NookError, type PluginDefinition } from '@nook/daemonapi';
import { checkStrictly, type SchemaProblem } from '@nook/wire/schema-check';
import { suggest } from '@nook/wire/suggest';
import { parse } from 'smol-toml';
import { type DaemonConfig, daemonConfig, imagesStore } from './daemon-config.ts';
import { importForSection } from './known-imports.ts';

type Table = Record<string, unknown>;

export interface Config {
  readonly daemon: DaemonConfig;
  readonly imagesStore: string | undefined;
  /** Plugin name → its validated section. */
  readonly plugins: ReadonlyMap<string, unknown>;
}

/** Reads config.toml; a missing file is an empty one. @throws NookError `bad_params`, `unavailable` */
export async function readConfigFile(path: string): Promise<Table> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new NookError('unavailable', `'${path}' cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return parse(text);
  } catch (error) {
    throw new NookError('bad_params', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Checks every section.
 * @param path for messages
 * @throws NookError `bad_params` with all problems, each naming file and key
 */
export async function checkConfig(
  table: Table,
  // biome-ignore lint/suspicious/noExplicitAny: plugins of any config type
  { path, plugins }: { readonly path: string; readonly plugins: readonly PluginDefinition<any, any>[] },
): Promise<Config> {
  const problems: SchemaProblem[] = [];
  const add = (section: string, found: readonly SchemaProblem[]) =>
    problems.push(...found.map((problem) => ({ ...problem, path: join(section, problem.path) })));
  const { daemon: daemonSection = {}, ...sections } = table;

  const daemon = await checkStrictly(daemonConfig, daemonSection);
  if ('problems' in daemon) add('daemon', daemon.problems);

  const store = takeImagesStore(sections);
  const storeCheck = store === undefined ? { value: undefined } : await checkStrictly(imagesStore, store);
  if ('problems' in storeCheck) add('images.store', storeCheck.problems);

  const validated = new Map<string, unknown>();
  for (const { name, config: schema } of plugins) {
    const section = Object.hasOwn(sections, name) ? sections[name] : undefined;
    delete sections[name];
    if (schema === undefined) {
      if (section !== undefined) add(name, [{ path: '', message: `The plugin '${name}' has no settings` }]);
      continue;
    }
    const checked = await checkStrictly(schema, section ?? {});
    if ('problems' in checked) add(name, checked.problems);
    else validated.set(name, checked.value);
  }
  const names = ['daemon', ...plugins.map(({ name }) => name)];
  for (const section of Object.keys(sections)) add(section, [unknownSection(section, names)]);

  if (problems.length > 0 || 'problems' in daemon || 'problems' in storeCheck) throw configError(path, problems);
  return { daemon: daemon.value, imagesStore: storeCheck.value, plugins: validated };
}

/** As config.toml would say it. */
export function configTable({ daemon, imagesStore: store, plugins }: Config): Table {
  const sections = Object.fromEntries(plugins) as Record<string, object>;
  return {
    daemon,
    ...sections,
    ...(store === undefined ? {} : { images: { ...sections.images, store } }),
  };
}

/** Takes `[images] store` out of the sections, and the section with it when nothing else is there. */
function takeImagesStore(sections: Table): unknown {
  const section = sections.images;
  if (typeof section !== 'object' || section === null || !('store' in section)) return undefined;
  const { store, ...rest } = section;
  if (Object.keys(rest).length === 0) delete sections.images;
  else sections.images = rest;
  return store;
}

function unknownSection(section: string, names: readonly string[]): SchemaProblem {
  const nearest = suggest(section, names);
  const hint =
    importForSection(section) ??
    (nearest === undefined ? 'Import the plugin of that name.' : `Did you mean '${nearest}'?`);
  return { path: '', message: `No imported plugin is named '${section}'`, hint };
}

function configError(path: string, problems: readonly SchemaProblem[]): NookError {
  const lines = problems.map(({ path: key, message, hint }) => `${key}: ${message}.${hint ? ` ${hint}` : ''}`);
  const [only] = lines;
  const message = lines.length === 1 ? `${path}: ${only}` : `${path}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new NookError('bad_params', message, { hint: `Correct '${path}'.`, details: { file: path, problems } });
}

function join(section: string, path: string): string {
  return path === '' ? section : `${section}.${path}`;
}
