import { conformance } from '@nook/testkit/conformance';
import { webhook } from '../src/plugin.ts';

conformance(webhook, {
  config: { webhook: { url: 'http://127.0.0.1:9/', secret: 'a secret of the suite', backoff_seconds: 0.01 } },
  events: [{ topic: 'vm.state' as never, data: { name: 'box', state: 'running' } as never }],
});
