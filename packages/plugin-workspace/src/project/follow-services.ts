import type { EventBus } from '@nook/daemonapi';
import type { Services } from './services.ts';

/** What is relied on of the events of VMs. */
interface VmNews {
  readonly id: string;
  /** Of `vm.reachable`: nothing of before runs there. */
  readonly booted?: boolean;
}

/** Services run as soon as their VM does, and go with it. @returns the call that ends it */
export function followServices(events: EventBus, services: Services): () => void {
  const ends = [
    events.subscribe('vm.reachable', ({ data, seq }) => {
      const { id, booted } = data as VmNews;
      services.reach(id, `op-reachable-${seq}`, booted === true);
    }),
    events.subscribe('vm.removed', ({ data }) => services.forget((data as VmNews).id)),
  ];
  return () => {
    for (const end of ends) end();
  };
}
