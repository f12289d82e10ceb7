import { registerPlugin } from '@nook/daemonapi';
import { runDaemon } from './index.ts';

/** What the one plugin of this daemon does, as the test that starts it says. */
const behaviour = process.env.TINY ?? '';

registerPlugin({
  name: 'tiny',
  api: 1,
  version: '1.0.0',
  from: import.meta.url,
  deadlines: { stop: 200 },
  setup: ({ log }) => ({
    start() {
      if (behaviour === 'start-fails') throw new Error('no luck today');
      if (behaviour === 'crash-later') setImmediate(() => setImmediate(crash));
      if (behaviour === 'reject-later') setImmediate(() => void Promise.reject(new Error('forgotten')));
    },
    stop() {
      log.info('tiny stops');
      if (behaviour === 'stop-fails') throw new Error('stuck');
      if (behaviour === 'stop-hangs') return new Promise<void>(() => {});
      return undefined;
    },
  }),
});

function crash(): void {
  throw new Error('out of the blue');
}

await runDaemon();
