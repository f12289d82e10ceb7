import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DoctorCheck, type DoctorFinding, isNookError } from '@nook/daemonapi';
import type { HelperStatus } from './contract.ts';
import type { HelperClient } from './helper-client.ts';

const ITEM = 'root helper';

/** The helper: whether it is there, is reached safely, and has the host as it should be. */
export function helperCheck(helper: HelperClient): DoctorCheck {
  return {
    name: 'roothelper.helper',
    run: (signal) => look(helper, signal),
    async fix(signal) {
      const found = await look(helper, signal);
      if (found.every(({ status }) => status === 'ok')) return found;
      await helper.reconcile(undefined, { signal });
      return look(helper, signal);
    },
  };
}

async function look(helper: HelperClient, signal: AbortSignal): Promise<DoctorFinding[]> {
  const directory = await stat(dirname(helper.socket)).catch(() => undefined);
  if (directory === undefined) {
    return [{ status: 'ok', item: ITEM, evidence: 'not installed, only needed for bridge networks' }];
  }
  try {
    return [placeFinding(helper.socket, directory), ...stateFindings(await helper.status({ signal }))];
  } catch (error) {
    if (!isNookError(error)) throw error;
    const repair = 'systemctl restart nook-roothelper, as root; its log: journalctl -u nook-roothelper';
    return [{ status: 'error', item: ITEM, evidence: error.message, repair }];
  }
}

function placeFinding(socket: string, { uid, mode }: { readonly uid: number; readonly mode: number }): DoctorFinding {
  const evidence = `${socket}, in a directory of user ${uid} with mode 0${(mode & 0o777).toString(8)}`;
  if (uid === 0 && (mode & 0o022) === 0) return { status: 'ok', item: ITEM, evidence };
  const repair = `chown root:root ${dirname(socket)} && chmod 0711 ${dirname(socket)}, as root`;
  return { status: 'error', item: ITEM, evidence, repair };
}

function stateFindings({ bridges, taps, forwards, differences }: HelperStatus): DoctorFinding[] {
  if (differences.length === 0) {
    const evidence = `as they should be: ${bridges.length} bridges, ${taps.length} taps, ${forwards} published ports`;
    return [{ status: 'ok', item: 'bridge networks', evidence }];
  }
  return differences.map(({ kind, name, problem, detail }) => ({
    status: 'error',
    item: `${kind} ${name}`,
    evidence: `${problem}: ${detail}`,
    repair: 'nook doctor --fix',
  }));
}
