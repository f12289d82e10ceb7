import type { EventBus, ReceivedEvent } from '@nook/daemonapi';
import type { Workspaces } from './workspaces.ts';

/** What the events of VMs say that is of use here; whoever runs them may say more. */
interface VmNews {
  readonly id?: string;
  readonly from?: string;
}

/**
 * Keeps what is known of workspaces with the VMs that they are in.
 * @returns the call that ends it
 */
export function followVms(events: EventBus, workspaces: Workspaces): () => void {
  return events.subscribe('vm.*', ({ topic, data }: ReceivedEvent) => {
    const { id, from } = data as VmNews;
    if (id === undefined) return;
    if (topic === 'vm.removed') workspaces.forget(id);
    else if (topic === 'vm.forked' && from !== undefined) workspaces.copy(from, id);
  });
}
