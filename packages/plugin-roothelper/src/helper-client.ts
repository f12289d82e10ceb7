import { isNookError, NookError } from '@nook/daemonapi';
import { RpcClient } from '@nook/wire';
import type { HelperStatus, PrivilegedCall, PrivilegedCapability, Repaired } from './contract.ts';
import type { Verb, VerbInput } from './verbs.ts';

/** Longer than the helper's own deadline for all that a call has it run. */
const ANSWER_MS = 90_000;
const CONNECT_MS = 5000;

const INSTALL_HINT =
  'Networks of the mode bridge need it: install it as root (see "Bridge networks and the root helper" in the user guide). All else works without it.';

/** Calls the helper, each call on a connection of its own. */
export class HelperClient implements PrivilegedCapability {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  status = (call?: PrivilegedCall) => this.#ask<HelperStatus>('status', {}, call);
  reconcile: PrivilegedCapability['reconcile'] = (state, call) =>
    this.#ask<Repaired>('reconcile', state === undefined ? {} : { state }, call);
  place = () => this.socket;
  setNetwork: PrivilegedCapability['setNetwork'] = (network, call) => this.#ask('network.set', network, call);
  removeNetwork = (name: string, call?: PrivilegedCall) => this.#ask<Repaired>('network.remove', { name }, call);
  ensureBridge: PrivilegedCapability['ensureBridge'] = (bridge, call) => this.#ask('bridge.ensure', bridge, call);
  removeBridge = (name: string, call?: PrivilegedCall) => this.#ask<Repaired>('bridge.remove', { name }, call);
  createTap: PrivilegedCapability['createTap'] = (tap, call) => this.#ask('tap.create', tap, call);
  deleteTap = (name: string, call?: PrivilegedCall) => this.#ask<Repaired>('tap.delete', { name }, call);
  replaceRules: PrivilegedCapability['replaceRules'] = (rules, call) => this.#ask('rules.replace', rules, call);

  async routeNames(routing: VerbInput<'names.route'>, call?: PrivilegedCall): Promise<void> {
    await this.#ask('names.route', routing, call);
  }

  async unrouteNames(bridge: string, call?: PrivilegedCall): Promise<void> {
    await this.#ask('names.unroute', { bridge }, call);
  }

  async createScope(scope: VerbInput<'scope.create'>, call?: PrivilegedCall): Promise<string> {
    return (await this.#ask<{ dir: string }>('scope.create', scope, call)).dir;
  }

  async removeScope(name: string, call?: PrivilegedCall): Promise<void> {
    await this.#ask('scope.remove', { name }, call);
  }

  /** Leaves nothing of the helper's. @throws NookError `unauthorized` unless root asks */
  async uninstall(): Promise<void> {
    await this.#ask('uninstall', {});
  }

  async #ask<Answer>(verb: Verb, params: object, call: PrivilegedCall = {}): Promise<Answer> {
    const client = await this.#connect();
    try {
      return (await client.call(verb, params, { ...call, timeoutMs: ANSWER_MS })) as Answer;
    } finally {
      client.close();
    }
  }

  async #connect(): Promise<RpcClient> {
    try {
      return await RpcClient.connect(this.socket, { timeoutMs: CONNECT_MS });
    } catch (cause) {
      if (isNookError(cause) && cause.code === 'timeout') throw cause;
      throw new NookError('unavailable', `No root helper answers on '${this.socket}'.`, { hint: INSTALL_HINT, cause });
    }
  }
}
