import { API_VERSION, NookError, type PluginDefinition } from '@nook/daemonapi';
import type { CapabilityTable } from './capability-table.ts';
import { importForCapability } from './known-imports.ts';
import type { Contribution } from './wiring.ts';

// biome-ignore lint/suspicious/noExplicitAny: plugins of any config type
export type AnyPlugin = PluginDefinition<any, any>;

/** Names that would clash with sections and tables of the engine's own. */
const RESERVED = ['daemon', 'engine', 'nook'];
/** Where this engine was loaded from. */
const HERE = new URL('.', import.meta.url).href;
const NAME = /^[a-z][a-z0-9-]*$/;

/** What is wrong with the registrations, before anything of theirs runs. */
export function registrationProblems(plugins: readonly AnyPlugin[]): string[] {
  const byName = Map.groupBy(plugins, ({ name }) => name);
  const twice = [...byName].flatMap(([name, same]) =>
    same.length < 2 || name === ''
      ? []
      : [`Plugin '${name}' is registered ${same.length} times: ${same.map(({ from }) => from).join(' and ')}.`],
  );
  return [...plugins.flatMap(definitionProblems), ...twice];
}

function definitionProblems(plugin: AnyPlugin): string[] {
  const { name, api, from, setup } = plugin;
  if (typeof name !== 'string' || name.trim() === '') return [`A plugin has no name: ${from}.`];
  return [
    ...(NAME.test(name) ? [] : [`Plugin '${name}' (${from}): a name is lower-case letters, digits and dashes.`]),
    ...(RESERVED.includes(name) ? [`Plugin '${name}' (${from}): the name is reserved.`] : []),
    ...(api === API_VERSION
      ? []
      : [
          `Plugin '${name}' (${from}) was written for version ${api} of the plugin API; this daemon (${HERE}) speaks ${API_VERSION}.`,
        ]),
    ...(typeof setup === 'function' ? [] : [`Plugin '${name}' (${from}) has no setup.`]),
  ];
}

/**
 * What is wrong with how the plugins fit together, once all are set up.
 * @param lost plugins whose setup failed and that may be done without: what nobody provides may have been theirs
 */
export function capabilityProblems(capabilities: CapabilityTable, lost: readonly string[]): string[] {
  const several = capabilities
    .provided()
    .filter(({ plugins }) => plugins.length > 1)
    .map(({ capability, plugins }) => `Capability '${capability}' has several providers: ${quoted(plugins)}.`);
  const missing = capabilities.needs
    .filter(({ required, capability }) => required && capabilities.providersOf(capability).length === 0)
    .map(
      ({ plugin, capability }) =>
        `Plugin '${plugin}' needs '${capability}', which no imported plugin provides. ${importForCapability(capability)}`,
    );
  return [...several, ...(lost.length > 0 ? [] : missing)];
}

/** What is contributed to a point under one name twice: what has a name is called by it. */
export function contributionProblems(points: ReadonlyMap<PropertyKey, readonly Contribution[]>): string[] {
  return [...points].flatMap(([point, all]) =>
    [...Map.groupBy(all, ({ value }) => (value as { readonly name?: unknown } | null)?.name)]
      .filter(([name, same]) => typeof name === 'string' && same.length > 1)
      .map(([name, same]) => `'${name}' is contributed to '${String(point)}' by ${same.map(by).join(' and ')}.`),
  );
}

function by({ plugin }: Contribution): string {
  return `plugin '${plugin}'`;
}

/** One report of everything that was found. */
export function wiringError(problems: readonly string[]): NookError {
  const [only] = problems;
  const text =
    problems.length === 1
      ? `The plugins do not fit together: ${only}`
      : `The plugins do not fit together:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
  return new NookError('conflict', text, {
    hint: "Correct the imports of the daemon's entry file.",
    details: { problems },
  });
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
