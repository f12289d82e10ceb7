import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import type { DoctorReport } from './contract.ts';

const DEADLINE_MS = 60_000;
const RANK = { ok: 0, warning: 1, error: 2 } as const;

interface Examination {
  readonly signal: AbortSignal;
  /** Also repairs. */
  readonly fix?: boolean;
  readonly deadlineMs?: number;
  /** Told the name of each check whose turn it is. */
  readonly onTurn?: (check: string) => void;
}

/** Runs every check at once, or one after the other where they also repair. One that fails or takes too long is a finding of its own. */
export async function examine(
  checks: readonly DoctorCheck[],
  { signal, fix = false, deadlineMs = DEADLINE_MS, onTurn = () => {} }: Examination,
): Promise<DoctorReport> {
  const look = async (check: DoctorCheck) => {
    onTurn(check.name);
    const found = await runCheck(check, { signal, fix, deadlineMs });
    return found.map((finding) => ({ check: check.name, ...finding }));
  };
  const results = fix ? await inTurn(checks, look) : await Promise.all(checks.map(look));
  const findings = results.flat();
  const worst = findings.reduce((rank, { status }) => Math.max(rank, RANK[status]), 0);
  return { status: (['ok', 'warning', 'error'] as const)[worst] ?? 'error', findings };
}

async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of all) results.push(await work(one));
  return results;
}

async function runCheck(
  check: DoctorCheck,
  { signal, fix, deadlineMs }: Required<Omit<Examination, 'onTurn'>>,
): Promise<readonly DoctorFinding[]> {
  const late = AbortSignal.timeout(deadlineMs);
  const either = AbortSignal.any([signal, late]);
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(late.aborted ? new Error(`no answer in ${deadlineMs / 1000} s`) : signal.reason);
  either.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([fix && check.fix ? check.fix(either) : check.run(either), aborted.promise]);
  } catch (error) {
    const evidence = error instanceof Error ? error.message : String(error);
    return [{ status: 'error', item: check.name, evidence, repair: 'Look at the log of the daemon.' }];
  } finally {
    either.removeEventListener('abort', onAbort);
  }
}
