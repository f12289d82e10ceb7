import type { Socket } from 'node:net';
import { isNookError, NookError } from '@nook/daemonapi';
import { type ServerCall, serveRpc } from '@nook/wire';
import { type Peer, peerOf } from '@nook/wire/peer-credentials';
import type { Logger } from 'pino';
import { z } from 'zod';
import { VERBS, type Verb } from '../verbs.ts';
import { handlers, READS, ROOTS } from './handlers.ts';
import type { Helper } from './helper.ts';

/** Connections at once, but for those that watch packets; what comes beyond is closed unread. */
const MOST_CONNECTIONS = 32;
/** Those that do not count among them: each bridge has one, and perhaps one that is on its way out. */
const MOST_WATCHING = 256;
/** How long a client may take to send its request. */
const REQUEST_MS = 10_000;
/** How long it may take to read its answer. */
const FAREWELL_MS = 2000;

export interface ServiceParts {
  readonly helper: Helper;
  readonly log: Logger;
  /** Called when there is no more to serve. */
  readonly onUninstalled: () => void;
}

/** Serves the helper's socket: one request for each connection, one that changes something at a time. */
export class Service {
  readonly #parts: ServiceParts;
  #connections = 0;
  /** Connections that watch packets, or did: until they are closed. */
  #watching = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#connections - Math.min(this.#watching, MOST_WATCHING) >= MOST_CONNECTIONS) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    this.#connections++;
    let taken = false;
    const connection = serveRpc(
      socket,
      async (call) => {
        const second = taken;
        taken = true;
        clearTimeout(late);
        if (call.request.method === 'egress.watch' && !second && this.#serves(peer)) {
          this.#watching++;
          void connection.closed.then(() => {
            this.#watching--;
          });
        }
        try {
          return await this.#logged(call, peer, () => this.#answer(call, peer, second));
        } finally {
          // After the answer has been written.
          setImmediate(() => void connection.drain(FAREWELL_MS));
        }
      },
      {
        onRefused: (error, opId) => {
          this.#log({ method: null, op_id: opId, peer, duration_ms: 0 }, error);
          setImmediate(() => void connection.drain(FAREWELL_MS));
        },
      },
    );
    const late = setTimeout(() => connection.close(), REQUEST_MS);
    void connection.closed.then(() => {
      clearTimeout(late);
      this.#connections--;
    });
  }

  /** Settles when what is being changed has been. */
  async settle(): Promise<void> {
    await this.#turn;
  }

  async #answer(call: ServerCall, peer: Peer | undefined, second: boolean): Promise<unknown> {
    const { helper, onUninstalled } = this.#parts;
    const { request } = call;
    if (!this.#serves(peer)) {
      const { owner_uid } = helper.record;
      throw new NookError('unauthorized', `The helper serves root and user ${owner_uid}, and nobody else.`);
    }
    if (second) throw new NookError('bad_request', 'A connection to the helper serves one request.');
    if (!Object.hasOwn(VERBS, request.method)) {
      throw new NookError('unknown_method', `The helper has no verb '${request.method.slice(0, 64)}'.`);
    }
    const verb = request.method as Verb;
    if (ROOTS.has(verb) && peer.uid !== 0) throw new NookError('unauthorized', `'${verb}' is for root alone.`);
    const read = VERBS[verb].safeParse(request.params);
    if (!read.success)
      throw new NookError('bad_params', `'${verb}' does not take this: ${z.prettifyError(read.error)}`);
    const run = handlers[verb] as (params: unknown, helper: Helper, call: ServerCall) => Promise<unknown>;
    const work = () => run(read.data, helper, call);
    if (READS.has(verb)) return work();
    const answer = await this.#inTurn(work);
    void this.#inTurn(() => helper.settle());
    if (verb === 'uninstall') setImmediate(onUninstalled);
    return answer;
  }

  #serves(peer: Peer | undefined): peer is Peer {
    return peer !== undefined && (peer.uid === 0 || peer.uid === this.#parts.helper.record.owner_uid);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #logged<T>({ request }: ServerCall, peer: Peer | undefined, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const fields = () => ({
      ...{ method: request.method.slice(0, 64), op_id: request.opId, peer },
      duration_ms: Math.round((performance.now() - began) * 1000) / 1000,
    });
    try {
      const answer = await work();
      this.#log(fields());
      return answer;
    } catch (error) {
      this.#log(fields(), error);
      throw error;
    }
  }

  /** The one line of a call. */
  #log(fields: object, error?: unknown): void {
    const { log } = this.#parts;
    if (error === undefined) log.info(fields, 'helper rpc completed');
    else if (isNookError(error))
      log.warn({ ...fields, code: error.code, reason: error.message.slice(0, 1000) }, 'helper rpc failed');
    else log.error({ ...fields, code: 'internal', err: error }, 'helper rpc failed');
  }
}
