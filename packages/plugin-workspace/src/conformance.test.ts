import { conformance } from '@nook/testkit/conformance';
import { workspace } from './plugin.ts';

conformance(workspace, {
  events: [
    { topic: 'vm.removed', data: { id: 'b2', name: 'gone' } },
    { topic: 'vm.forked', data: { id: 'c3', name: 'copy', from: 'a1' } },
  ],
  fakes: { vms: { nameOf: () => 'conformance', idOf: () => 'a1' } },
});
