/** Capability → shape, each with exactly one provider. Providers augment it: `interface Provides { network: NetworkCapability }`. */
// biome-ignore lint/suspicious/noEmptyInterface: augmented by plugins
export interface Provides {}

/**
 * Plugin name → the capabilities it calls, each with only the shape it relies on. Consumers augment it:
 * `interface Needs { vm: { network: { plan(…): … }; privileged?: { … } } }`. An optional key is an optional need.
 */
// biome-ignore lint/suspicious/noEmptyInterface: augmented by plugins
export interface Needs {}

/** What the plugin named `Name` declared to need; nothing when it declared nothing. */
export type NeedsOf<Name> = Name extends keyof Needs ? Needs[Name] : Record<never, never>;

type IsOptional<T, K extends keyof T> = Record<never, never> extends Pick<T, K> ? true : false;

type Problem<Plugin extends string, Capability extends string, Optional, Shape> = Capability extends keyof Provides
  ? Provides[Capability] extends Shape
    ? never
    : `plugin '${Plugin}' needs capability '${Capability}', whose provider has another shape`
  : Optional extends true
    ? never
    : `plugin '${Plugin}' needs capability '${Capability}', which no imported plugin provides`;

type Problems = {
  [P in keyof Needs & string]: {
    [C in keyof Needs[P] & string]-?: Problem<P, C, IsOptional<Needs[P], C>, NonNullable<Needs[P][C]>>;
  }[keyof Needs[P] & string];
}[keyof Needs & string];

/**
 * `true` when every need of the plugins imported by this program has a provider of a fitting shape,
 * otherwise one sentence for each problem. Write `true satisfies Wired` in the daemon's entry file:
 * a missing import then fails to compile, and the compiler's message names the capability.
 */
export type Wired = [Problems] extends [never] ? true : Problems;
