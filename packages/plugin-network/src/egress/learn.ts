import type { UsedTarget } from '../contract.ts';

/** The shortest list that all of it passes: each destination once, in order. */
export function learntList(used: readonly UsedTarget[]): string[] {
  return [...new Set(used.map(({ target }) => target))].sort();
}
