import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NookError } from '@nook/daemonapi';
import type { NetworkPlan } from '../contract.ts';
import type { MachineRecord } from '../machines/records.ts';
import { endVmhost, type StartContext } from '../machines/start-steps.ts';
import type { Step } from '../machines/step-runner.ts';
import { limitsOf } from '../supervision/life.ts';
import { type ClaimSpec, DISK_FILE, VM_FILES } from '../vmhost/host-spec.ts';

/** A member answers within tens of milliseconds; what takes longer is quicker made anew. */
export const CLAIM_MS = 5_000;

/** What brings a VM up whose record has taken a member of the pool over; the context has the member's link. */
export const CLAIM_STEPS: readonly Step<StartContext>[] = [{ name: 'claim', run: claimMember, undo: endMember }];

async function claimMember({ record, network, link, caller, sessionExpected }: StartContext): Promise<void> {
  if (!link || !network) throw new Error('a machine was claimed that nobody is connected to');
  const claim = claimSpec(record, { network, sessionExpected, opId: caller.opId });
  await link.call('claim', claim, { opId: caller.opId, timeoutMs: CLAIM_MS, signal: caller.signal });
  const ready = await link.until(
    ({ pooled }) => !pooled,
    AbortSignal.any([caller.signal, AbortSignal.timeout(CLAIM_MS)]),
  );
  if (!ready) throw new NookError('operation_failed', 'Its vmhost died.');
}

interface ClaimOptions {
  readonly network: NetworkPlan;
  readonly sessionExpected: boolean;
  readonly opId: string;
}

/** What the vmhost of a member is told. */
export function claimSpec({ name, shape }: MachineRecord, { network, sessionExpected, opId }: ClaimOptions): ClaimSpec {
  return {
    op_id: opId,
    identity: { hostname: name, machine_id: shape.machine_id },
    network: { mode: network.mode, host_forwards: network.host_forwards },
    guest_network: network.guest,
    auto_remove: shape.auto_remove,
    ...limitsOf(shape.life),
    session_expected: sessionExpected,
  };
}

/** The VM comes up another way: from a disk of its own, as if there had been no member. */
async function endMember(context: StartContext): Promise<void> {
  await endVmhost(context);
  await rm(join(context.dir, VM_FILES.machine, DISK_FILE), { force: true });
  await rm(join(context.dir, VM_FILES.spec), { force: true });
}
