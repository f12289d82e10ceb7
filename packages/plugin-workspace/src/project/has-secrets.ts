import type { SessionsNeed } from './project-contract.ts';

/** A look that takes longer has failed. */
const LOOK_MS = 30_000;
/** Whether each of `$1`… is there. */
const SCRIPT = 'for f; do [ -e "/run/secrets/$f" ] || exit 1; done';

interface Look {
  readonly vm: string;
  readonly secrets: readonly string[];
  readonly caller: { readonly opId: string; readonly signal: AbortSignal };
}

/** Whether a guest has these secrets in its memory. It is asked each time: a boot takes them away, and a resume does not. */
export async function hasSecrets(vms: SessionsNeed, { vm, secrets, caller }: Look): Promise<boolean> {
  const asking = { ...caller, signal: AbortSignal.any([caller.signal, AbortSignal.timeout(LOOK_MS)]) };
  const session = await vms.startSession(vm, { argv: ['sh', '-c', SCRIPT, 'nook', ...secrets] }, asking);
  return (await vms.sessionEnd(vm, session, asking)).exit_code === 0;
}
