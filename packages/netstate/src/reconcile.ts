import { type Difference, difference, isEmpty } from './difference.ts';
import { linkCommands } from './link-commands.ts';
import { markCommand, readTables } from './mark.ts';
import { document, emptyDocument, rulesDigest, rulesetDocument } from './nft/ruleset.ts';
import { listTables, type Observed, observe } from './observe.ts';
import { runProgram } from './run-program.ts';
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
  const lines = linkCommands(desired, observed.links);
  if (repaired.some(({ kind }) => kind === 'rules')) {
    await replaceRules(desired, observed.pins);
    await seal(desired);
  }
  await changeLinks(lines);
  return { repaired, sysctls_before: writeSysctls(sysctlsOf(desired)) };
}

/** One transaction. */
export async function replaceRules(desired: DesiredState, pins: Observed['pins']): Promise<void> {
  await runProgram('nft', ['-j', '-f', '-'], isEmpty(desired) ? emptyDocument() : rulesetDocument(desired, pins));
}

/**
 * Notes how the kernel lists the rules that were made of `desired`, so that a change of somebody else's in them is seen later;
 * without it, only that they are gone is.
 */
export async function seal(desired: DesiredState): Promise<void> {
  if (isEmpty(desired)) return;
  const { digest: listed } = readTables(await listTables());
  const mark = markCommand({ wanted: rulesDigest(desired), listed });
  await runProgram('nft', ['-j', '-f', '-'], document([mark]));
}

/** @param lines for `ip -batch` */
export async function changeLinks(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await runProgram('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}

/** Leaves nothing of ours: no table, no link. Settings of the kernel stay, since others may have come to need them. */
export async function remove(): Promise<void> {
  const { links } = await observe();
  const own = links.filter(({ kind }) => kind !== 'foreign');
  await changeLinks(own.map(({ name }) => `link delete dev ${name}`));
  await runProgram('nft', ['-j', '-f', '-'], emptyDocument());
}
