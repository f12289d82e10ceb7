import { conformance } from '@nook/testkit/conformance';
import { workspace } from './plugin.ts';

const sessions = {
  startSession: async () => ({ session: '1', token: 'a' }),
  sessionEnd: async () => ({ exit_code: 0, ended_at: 0 }),
  signalSession: async () => {},
};

conformance(workspace, {
  events: [
    { topic: 'vm.removed', data: { id: 'b2', name: 'gone' } },
    { topic: 'vm.forked', data: { id: 'c3', name: 'copy', from: 'a1' } },
    { topic: 'vm.reachable', data: { id: 'a1', name: 'conformance', booted: true } },
  ],
  fakes: { vms: { nameOf: () => 'conformance', idOf: () => 'a1', ...sessions } },
});
