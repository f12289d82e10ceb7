import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { canonicalAddress } from './addresses.ts';
import { OWN_TABLES } from './nft/ruleset.ts';
import { runNft } from './nft/run-nft.ts';
import { TOLD, UNTOLD } from './nft/trace.ts';
import type { Recorded } from './recorded.ts';
import { placeOf } from './run-program.ts';

/** A packet that the rules told of. */
export type ToldPacket = Recorded;

const LINE = /^trace id \S+ (?:inet|bridge) nook (?<chain>\S+) packet: (?<headers>.*)$/;

/**
 * Calls `onPacket` for packets that are refused or audited from now on, while a state with `traced` is made: the kernel
 * tells of them, 50 per second at most, and counts the others ({@link untold}).
 * @param onEnd the watching is over, though nobody asked for that
 * @returns the call that ends it
 * @throws NookError `unavailable` when nft is not installed
 */
export function watchPackets(onPacket: (packet: ToldPacket) => void, onEnd: (why: string) => void): () => void {
  const args = ['--pdeathsig', 'KILL', placeOf('nft'), 'monitor', 'trace'];
  const nft = spawn(placeOf('setpriv'), args, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let ended = false;
  const end = (why: string) => {
    if (!ended) onEnd(why);
    ended = true;
  };
  nft.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-500);
  });
  nft.on('error', ({ message }) => end(message)).on('close', () => end(said.trim() || 'nft ended'));
  createInterface({ input: nft.stdout }).on('line', (line) => {
    const packet = readTrace(line);
    if (packet !== undefined) onPacket(packet);
  });
  return () => {
    ended = true;
    nft.kill('SIGKILL');
  };
}

/** How many packets were not told of since this was asked last: there were too many. */
export async function untold(): Promise<number> {
  const counts = await Promise.all(
    OWN_TABLES.map(async ({ family, name }) => {
      const text = await runNft([{ reset: { counter: { family, table: name, name: UNTOLD } } }]);
      const objects = (JSON.parse(text) as { nftables: readonly { counter?: { packets: number } }[] }).nftables;
      return objects.reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** One line of `nft monitor trace`; undefined when it tells of no packet of ours. */
function readTrace(line: string): ToldPacket | undefined {
  const { chain = '', headers = '' } = LINE.exec(line)?.groups ?? {};
  const record = TOLD.exec(chain)?.[1] as Recorded['record'] | undefined;
  const source = address(headers, 'saddr');
  const destination = address(headers, 'daddr');
  if (record === undefined || source === undefined || destination === undefined) return undefined;
  const [, transport, port = '0'] = /\b(tcp|udp) dport (\d+)/.exec(headers) ?? [];
  const named = /\b(?:ip protocol|ip6 nexthdr) (\S+)/.exec(headers)?.[1];
  return { record, source, destination, protocol: transport ?? named ?? 'unknown', port: Number(port) };
}

function address(headers: string, field: 'saddr' | 'daddr'): string | undefined {
  const text = new RegExp(`\\bip6? ${field} (\\S+)`).exec(headers)?.[1];
  return text === undefined ? undefined : canonicalAddress(text);
}
