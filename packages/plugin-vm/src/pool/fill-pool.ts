import type { VmRequest } from '../contract.ts';
import type { Caller, Dependencies } from '../machines/dependencies.ts';
import { resolveShape } from '../machines/resolve-shape.ts';
import type { TemplateBuilder } from '../templates/template-builder.ts';
import type { Pool } from './pool.ts';
import { restoreMember } from './restore-member.ts';

interface Filling {
  /** What the members are to be. */
  readonly request: VmRequest;
  readonly builder: TemplateBuilder;
  readonly dependencies: Dependencies;
  readonly caller: Caller;
}

/** Ends members that a new VM would not be like any more, and adds what is missing, until somebody starts a VM. */
export async function fillPool(pool: Pool, { request, builder, dependencies, caller }: Filling): Promise<void> {
  const { network, auto_remove, init, mounts, ...shape } = await resolveShape(request, dependencies, caller);
  const { key } = await builder.ensure(shape, caller);
  await pool.retain(key, caller.opId);
  while (pool.lacks && !dependencies.activity.busy) {
    caller.progress({ stage: 'restore', done: pool.count, total: pool.size });
    pool.add(await restoreMember(shape, dependencies, caller));
  }
}
