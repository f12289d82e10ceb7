// A daemon of its own for tests that need two processes, or one to kill: HOME STORE METHOD PARAMS CONFIG, the last two
// as JSON. Says the stages of the progress and at last how it went, as JSON.
import { isNookError } from '@nook/daemonapi';
import { testDaemon } from './test-daemon.ts';

const [home = '', store = '', method = '', params = '{}', config = '{}'] = process.argv.slice(2);
const daemon = testDaemon(home, { store, config: JSON.parse(config) });
const say = (stage: string) => void process.stdout.write(`${stage}\n`);
try {
  console.log(JSON.stringify(await daemon.call(method, JSON.parse(params), new AbortController().signal, say)));
} catch (error) {
  const { hint = '' } = error as { hint?: string };
  console.log(JSON.stringify({ code: isNookError(error) ? error.code : 'internal', message: String(error), hint }));
}
