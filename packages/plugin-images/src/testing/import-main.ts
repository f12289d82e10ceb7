// A daemon of its own for tests that need two processes, or one to kill:
// HOME STORE NAME ARCHIVE [CONFIG]; says `unpack` at the first progress and at last how it went, as JSON.
import { isNookError } from '@nook/daemonapi';
import { testDaemon } from './test-daemon.ts';

const [home = '', store = '', name = '', archive = '', config = '{}'] = process.argv.slice(2);
const daemon = testDaemon(home, { store, config: JSON.parse(config) });
const progress = daemon.call('image.import', { name, path: archive }, new AbortController().signal, (stage) =>
  process.stdout.write(`${stage}\n`),
);
try {
  console.log(JSON.stringify(await progress));
} catch (error) {
  console.log(JSON.stringify({ code: isNookError(error) ? error.code : 'internal', message: String(error) }));
}
