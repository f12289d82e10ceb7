import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';

/** What Node calls a resource → what it is to whoever forgot it. */
const KINDS: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  TCPWRAP: 'socket',
  PIPEWRAP: 'socket',
  TLSWRAP: 'socket',
  UDPWRAP: 'socket',
  TCPSERVERWRAP: 'listening socket',
  PIPESERVERWRAP: 'listening socket',
  PROCESSWRAP: 'child process',
  FSEVENTWRAP: 'file watcher',
  STATWATCHER: 'file watcher',
  SIGNALWRAP: 'signal handler',
  WORKER: 'worker thread',
};

/**
 * Made by Node for itself, and gone by itself: the timers of `AbortSignal.timeout`, which nobody can clear, and the
 * connections that `fetch` keeps for the whole process.
 */
const NODES_OWN = /node:internal\/(?:abort_controller|deps\/undici)/;

const LOOK_MS = 20;

interface Place {
  readonly scope: Scope;
  /** The plugin that runs, where one does. */
  readonly plugin: string | undefined;
}

interface Resource extends Place {
  readonly kind: string;
  readonly stack: string;
}

const places = new AsyncLocalStorage<Place>();
const open = new Map<number, Resource>();
let users = 0;

const hook = createHook({
  init(id, type) {
    const kind = KINDS[type];
    const place = kind === undefined ? undefined : places.getStore();
    if (kind === undefined || place === undefined) return;
    const stack = stackHere();
    if (!NODES_OWN.test(stack)) open.set(id, { ...place, kind, stack });
  },
  destroy(id) {
    open.delete(id);
  },
});

/**
 * Knows every timer, socket, child process and watcher that was made by what it ran, directly or from any callback of
 * it, however many others run in the same process.
 */
class Scope implements Disposable {
  constructor() {
    if (users++ === 0) hook.enable();
  }

  run<T>(work: () => T, plugin?: string): T {
    return places.run({ scope: this, plugin }, work);
  }

  /** Whether a plugin of this scope is what runs right now. */
  get inPlugin(): boolean {
    const place = places.getStore();
    return place?.scope === this && place.plugin !== undefined;
  }

  /** One sentence for each that is open and stays so for as long as is waited. */
  async left(waitMs: number): Promise<string[]> {
    const mine = () => [...open.values()].filter(({ scope }) => scope === this);
    const deadline = performance.now() + waitMs;
    // Node reports the end of a resource only when it comes to an idle moment, and of itself comes to none.
    do await setImmediate();
    while (mine().length > 0 && performance.now() < deadline && (await setTimeout(LOOK_MS, true)));
    return mine().map(({ kind, plugin, stack }) => `a ${kind}${ofPlugin(plugin)}, made ${whereOf(stack)}`);
  }

  [Symbol.dispose](): void {
    for (const [id, { scope }] of open) if (scope === this) open.delete(id);
    if (--users === 0) hook.disable();
  }
}

export type ResourceScope = Scope;

export function resourceScope(): ResourceScope {
  return new Scope();
}

function ofPlugin(plugin: string | undefined): string {
  return plugin === undefined ? '' : ` of plugin '${plugin}'`;
}

function stackHere(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = limit;
  // Without the message, and without this file's own two frames.
  return stack.split('\n').slice(3).join('\n');
}

/** The nearest frames of somebody's code. */
function whereOf(stack: string): string {
  const frames = stack.split('\n').filter((frame) => !frame.includes('(node:') && !frame.includes('at node:'));
  return frames.length === 0 ? 'on the way to something else' : frames.slice(0, 3).join('\n').trim();
}
