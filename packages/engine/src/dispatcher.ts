import { type Access, isNookError, NookError } from '@nook/daemonapi';
import type { RpcHandler, ServerCall } from '@nook/wire';
import { type Checked, check, type SchemaProblem } from '@nook/wire/schema-check';
import { suggest } from '@nook/wire/suggest';
import type { CallRunner } from './call-runner.ts';
import { EngineCall } from './engine-call.ts';
import type { RootLog } from './log.ts';
import type { MethodRow } from './method-row.ts';
import { CallMetrics } from './metrics/call-metrics.ts';
import type { OpContext } from './op-context.ts';
import type { RefusalLog } from './refusal-log.ts';
import { allows } from './system/peer-access.ts';

export interface DispatcherOptions {
  readonly context: OpContext;
  readonly log: () => RootLog;
  readonly refusals: RefusalLog;
  /** Why a plugin does not serve, to be said after its name; undefined when it does. */
  readonly whyNot: (plugin: string) => string | undefined;
  /**
   * Validates results too. For tests: the compiler checks what handlers return, and to walk every answer once more
   * would cost the larger ones more than everything else that the engine does with them.
   */
  readonly checkResults: boolean;
  readonly runner: () => CallRunner;
}

interface CountedRow extends MethodRow {
  readonly metrics: CallMetrics;
}

/** Whoever asks may be newer. */
const OLDER =
  'A daemon from before an update, or without the plugin, does not know it; another is started after: nook daemon stop';

/** The one table from method name to handler, and the way through it. */
export class Dispatcher {
  readonly #rows = new Map<string, CountedRow>();
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** @returns the row that has the name already, if one has */
  add(row: MethodRow): MethodRow | undefined {
    const taken = this.#rows.get(row.name);
    if (taken === undefined) this.#rows.set(row.name, { ...row, metrics: new CallMetrics() });
    return taken;
  }

  rows(): Iterable<MethodRow> {
    return this.#rows.values();
  }

  *metrics(): Iterable<readonly [MethodRow, CallMetrics]> {
    for (const row of this.#rows.values()) yield [row, row.metrics];
  }

  methodsOf(plugin: string): readonly string[] {
    return [...this.#rows.values()].filter((row) => row.plugin === plugin).map(({ name }) => name);
  }

  /** Serves one call, with its op id in the context of everything that it does. */
  readonly serve = (call: ServerCall, access: Access): Promise<unknown> =>
    this.#options.context.run(call.request.opId, () => this.#serve(call, access));

  /** As a connection wants it, whose peer may do so much. */
  handler(access: Access): RpcHandler {
    return (call) => this.serve(call, access);
  }

  async #serve(call: ServerCall, access: Access): Promise<unknown> {
    const { method, params } = call.request;
    const row = this.#rows.get(method);
    const begun = performance.now();
    let context: EngineCall | undefined;
    if (row !== undefined) row.metrics.inFlight++;
    try {
      if (row === undefined) throw this.#unknown(method);
      const { definition, plugin } = row;
      const reason = this.#options.whyNot(plugin);
      if (reason !== undefined) {
        throw new NookError('unavailable', `'${method}' is not served: plugin '${plugin}' is ${reason}`);
      }
      if (!allows(access, definition.access)) {
        throw new NookError(
          'unauthorized',
          `'${method}' needs ${definition.access} access, and the caller has ${access}.`,
        );
      }
      const checked = check(definition.params, params);
      const value = validParams(method, checked instanceof Promise ? await checked : checked);
      context = new EngineCall(call, { log: this.#options.log(), mayStream: definition.stream === true });
      const result = await this.#run(row, call, { params: value, context });
      if (this.#options.checkResults && context.streamed === undefined) await checkResult(row, result);
      context.end();
      this.#note(row, begun);
      return result;
    } catch (error) {
      context?.end();
      row?.metrics.failed(isNookError(error) ? error.code : 'internal');
      this.#noteFailure({ method, begun, error });
      if (context?.streamed === undefined) throw error;
      context.streamed.fail(error as Error);
      return undefined;
    } finally {
      row?.metrics.end(performance.now() - begun);
    }
  }

  #run(row: MethodRow, call: ServerCall, { params, context }: { params: unknown; context: EngineCall }): unknown {
    const plain =
      row.begins === undefined && row.definition.operation !== true && call.request.idempotencyKey === undefined;
    if (plain) return row.definition.run(params, context);
    return this.#options.runner().run({ row, call, params, context });
  }

  #unknown(method: string): NookError {
    const shown = method.length > 100 ? `${method.slice(0, 100)}…` : method;
    const nearest = suggest(method, [...this.#rows.keys()]);
    const hint = nearest === undefined ? OLDER : `Did you mean '${nearest}'?`;
    return new NookError('unknown_method', `There is no method '${shown}'.`, { hint });
  }

  #note({ name, definition }: MethodRow, begun: number): void {
    const level = definition.access === 'read' ? 'debug' : 'info';
    const log = this.#options.log();
    if (log.isLevelEnabled(level)) log[level]({ method: name, duration_ms: since(begun) }, 'call');
  }

  #noteFailure(failure: { method: string; begun: number; error: unknown }): void {
    const { begun, error } = failure;
    const fields = { method: failure.method.slice(0, 100), duration_ms: since(begun) };
    const log = this.#options.log();
    if (!isNookError(error) || error.code === 'internal') log.error({ ...fields, err: error }, 'call failed');
    // Reads too: whoever was shown an op id with an error finds it here.
    else {
      const { code, message: reason } = error;
      this.#options.refusals.note({ ...fields, code, reason, cause: causeOf(error) }, 'call refused');
    }
  }
}

function validParams(method: string, checked: Checked<unknown>): unknown {
  if ('value' in checked) return checked.value;
  const { problems } = checked;
  const hint = problems.find((problem) => problem.hint !== undefined)?.hint;
  throw new NookError('bad_params', `'${method}': ${problems.map(describe).join('; ')}.`, {
    ...(hint === undefined ? {} : { hint }),
    details: { problems },
  });
}

function describe({ path, message }: SchemaProblem): string {
  return path === '' ? message : `${path}: ${message}`;
}

async function checkResult({ name, definition }: MethodRow, result: unknown): Promise<void> {
  const checked = await check(definition.result, result);
  if ('value' in checked) return;
  throw new NookError(
    'internal',
    `'${name}' answered what its schema refuses: ${checked.problems.map(describe).join('; ')}.`,
  );
}

function causeOf(error: Error): string | undefined {
  return error.cause instanceof Error ? error.cause.message : undefined;
}

function since(begun: number): number {
  return Math.round((performance.now() - begun) * 1000) / 1000;
}
