// A process that attacks the daemon on the socket that its second argument names, in the way that the first one does,
// until its standard input ends. Says `ready` when it is in full swing, and at last how much it did.
import { cancelStorm } from './cancel-storm.ts';
import { fuzzer } from './fuzzer.ts';
import { manyConnections } from './many-connections.ts';
import { slowReaders } from './slow-readers.ts';

export interface Attack {
  /** What is counted. */
  readonly unit: string;
  /** It comes to a stop by itself: how fast it was says nothing. */
  readonly ends?: boolean;
  count(): number;
}

const ATTACKS: Readonly<Record<string, (socket: string) => Promise<Attack>>> = {
  fuzzer,
  'many-connections': manyConnections,
  'slow-readers': slowReaders,
  'cancel-storm': cancelStorm,
};

const [name = '', socket = ''] = process.argv.slice(2);
const begin = ATTACKS[name];
if (begin === undefined) throw new Error(`There is no attack '${name}'.`);
const attack = await begin(socket);
process.stdout.write('ready\n');
process.stdin.resume().on('end', () => {
  process.stdout.write(`${JSON.stringify({ ...attack, count: attack.count() })}\n`);
  process.exit(0);
});
