import type { PluginStatus } from './contract.ts';
import type { PluginSet } from './plugin-set.ts';
import type { Wiring } from './wiring.ts';

/** What there is to know of every plugin, in the order of their names. */
export function pluginReport(plugins: PluginSet, wiring: Wiring): PluginStatus[] {
  const { capabilities, dispatcher } = wiring;
  const provided = capabilities.provided();
  return plugins.slots.map((slot) => ({
    ...slot.brief(),
    from: slot.definition.from,
    start_ms: Math.round(slot.startMs * 1000) / 1000,
    provides: provided.filter((each) => each.plugins.includes(slot.name)).map(({ capability }) => capability),
    needs: capabilities.needs
      .filter(({ plugin }) => plugin === slot.name)
      .map(({ capability, required }) => {
        const [provider] = capabilities.providersOf(capability);
        return { capability, required, ...(provider === undefined ? {} : { provider }) };
      }),
    contributions: wiring.contributionsOf(slot.name),
    methods: dispatcher.methodsOf(slot.name),
  }));
}
