import { closeSync } from 'node:fs';
import { promisify } from 'node:util';
import { NookError } from '@nook/daemonapi';
import koffi from 'koffi';
import { netlinkSocket } from '../netlink/netlink-socket.ts';
import type { NftCommand } from './expressions.ts';

/** <nftables/libnftables.h> */
const NFT_CTX_DEFAULT = 0;
const NFT_CTX_OUTPUT_JSON = 1 << 4;
/** <linux/netlink.h> */
const NETLINK_NETFILTER = 12;
const DEADLINE_MS = 20_000;

type Context = unknown;

interface Library {
  create(flags: number): Context;
  free(context: Context): void;
  setOutput(context: Context, flags: number): void;
  keepOutput(context: Context): number;
  keepErrors(context: Context): number;
  output(context: Context): string | null;
  errors(context: Context): string | null;
  run(context: Context, commands: string): Promise<number>;
}

let loaded: Library | undefined;
/** The library has data that its contexts share: one thread is in it at a time. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Has the kernel of this process's network namespace do commands of libnftables-json(5), all of them or none, by the library
 * that nft(8) is made of: libnftables(3). Not on this thread.
 * @returns what is listed, in JSON; empty when nothing is
 * @throws NookError `unavailable` when the library is not installed, `timeout`, `operation_failed` with what it said
 */
export async function runNft(commands: readonly NftCommand[]): Promise<string> {
  const nft = library();
  const running = turn.then(() => runIn(nft, JSON.stringify({ nftables: commands })));
  turn = running.catch(() => {});
  return withDeadline(running);
}

async function runIn(nft: Library, commands: string): Promise<string> {
  requireNetfilter();
  const context = nft.create(NFT_CTX_DEFAULT);
  try {
    nft.setOutput(context, NFT_CTX_OUTPUT_JSON);
    nft.keepOutput(context);
    nft.keepErrors(context);
    if ((await nft.run(context, commands)) === 0) return nft.output(context) ?? '';
    const said = (nft.errors(context) ?? '').trim().slice(0, 2000);
    throw new NookError('operation_failed', `nftables refuses this: ${said || 'it does not say why'}`);
  } finally {
    nft.free(context);
  }
}

/** Where it has no socket, the library would end this process. @throws NookError `unavailable` */
function requireNetfilter(): void {
  const fd = netlinkSocket(NETLINK_NETFILTER);
  if (typeof fd === 'number') {
    closeSync(fd);
    return;
  }
  throw new NookError('unavailable', `The kernel gives no socket for nftables: ${fd.error}.`, {
    ...(fd.error === 'EPROTONOSUPPORT' ? { hint: 'Have its module loaded: sudo modprobe nf_tables' } : {}),
  });
}

/** Nobody can end what the kernel is at. */
async function withDeadline<T>(running: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(
    () => reject(new NookError('timeout', `nftables did not answer in ${DEADLINE_MS / 1000} s.`)),
    DEADLINE_MS,
  );
  try {
    return await Promise.race([running, promise]);
  } finally {
    clearTimeout(late);
  }
}

function library(): Library {
  try {
    loaded ??= load();
    return loaded;
  } catch (cause) {
    throw new NookError('unavailable', `The library 'libnftables' cannot be loaded: ${(cause as Error).message}`, {
      hint: "Install the package 'nftables'.",
      cause,
    });
  }
}

function load(): Library {
  const nft = koffi.load('libnftables.so.1');
  return {
    create: nft.func('void *nft_ctx_new(uint32_t)'),
    free: nft.func('void nft_ctx_free(void *)'),
    setOutput: nft.func('void nft_ctx_output_set_flags(void *, unsigned int)'),
    keepOutput: nft.func('int nft_ctx_buffer_output(void *)'),
    keepErrors: nft.func('int nft_ctx_buffer_error(void *)'),
    output: nft.func('const char *nft_ctx_get_output_buffer(void *)'),
    errors: nft.func('const char *nft_ctx_get_error_buffer(void *)'),
    run: promisify(nft.func('int nft_run_cmd_from_buffer(void *, const char *)').async) as Library['run'],
  };
}
