import { changeLinks } from './change-links.ts';
import { type Difference, difference, isEmpty } from './difference.ts';
import { linkChanges } from './link-changes.ts';
import { markCommand, readTables } from './mark.ts';
import { removeTables, replaceTables, rulesDigest } from './nft/ruleset.ts';
import { runNft } from './nft/run-nft.ts';
import { listTables, type Observed, observe } from './observe.ts';
import type { DesiredState } from './state.ts';
import { sysctlsOf, writeSysctls } from './sysctls.ts';

export interface Reconciled {
  /** What was not as desired, and was repaired; empty when all was right. */
  readonly repaired: readonly Difference[];
  /** Settings of the host (below /proc/sys/net) that were changed, as they were before. */
  readonly sysctls_before: Readonly<Record<string, string>>;
}

/**
 * Makes this process's network namespace what is desired. Idempotent; cut short at any point, the next one completes it. Rules
 * come before links, so that no guest is on a bridge that nothing guards. Callers of one namespace take turns.
 * @param desired as {@link readDesiredState} answered it
 * @throws NookError `conflict` when a foreign link has a name that is wanted; those of {@link observe}
 */
export async function reconcile(desired: DesiredState): Promise<Reconciled> {
  const observed = await observe();
  const repaired = difference(desired, observed);
  if (repaired.length === 0) return { repaired, sysctls_before: {} };
  const changes = linkChanges(desired, observed.links);
  if (repaired.some(({ kind }) => kind === 'rules')) {
    await replaceRules(desired, observed.pins);
    await seal(desired, readTables(await listTables()).digest);
  }
  changeLinks(changes);
  return { repaired, sysctls_before: writeSysctls(sysctlsOf(desired)) };
}

/** One transaction. */
export async function replaceRules(desired: DesiredState, pins: Observed['pins']): Promise<void> {
  await runNft(isEmpty(desired) ? removeTables() : replaceTables(desired, pins));
}

/** Looks at what was made without a look ({@link advance}), and makes it right where it is not. */
export async function confirm(desired: DesiredState): Promise<Reconciled> {
  const observed = await observe();
  if (difference(desired, observed).length > 0) return reconcile(desired);
  await seal(desired, observed.tables.digest);
  return { repaired: [], sysctls_before: {} };
}

/**
 * Notes how the kernel lists the rules that were made of `desired`, so that a change of somebody else's in them is seen later;
 * without it, only that they are gone is.
 */
async function seal(desired: DesiredState, listed: string): Promise<void> {
  if (isEmpty(desired)) return;
  const mark = markCommand({ wanted: rulesDigest(desired), listed });
  await runNft([mark]);
}

/** Leaves nothing of ours: no table, no link. Settings of the kernel stay, since others may have come to need them. */
export async function remove(): Promise<void> {
  const { links } = await observe();
  const own = links.filter(({ kind }) => kind !== 'foreign');
  changeLinks(own.map(({ name }) => ({ kind: 'delete', name })));
  await runNft(removeTables());
}
