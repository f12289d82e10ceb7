import type { DoctorCheck } from '@nook/daemonapi';
import { CapabilityTable } from './capability-table.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import type { MethodRow } from './method-row.ts';
import { companions } from './operations/companions.ts';
import type { OperationTable } from './operations/operation-table.ts';
import { capabilityProblems, contributionProblems, wiringError } from './wiring-problems.ts';

export interface Contribution {
  readonly plugin: string;
  readonly value: unknown;
}

/** Names that plugins leave to the engine. */
const OWN_METHODS = /^(ping|shutdown|(rpc|daemon|op|event|plugin)\..*)$/;
export const ENGINE = 'daemon';

/** Everything that plugins say about each other while they are set up. */
export class Wiring {
  readonly capabilities: CapabilityTable;
  readonly dispatcher: Dispatcher;
  readonly #contributions = new Map<PropertyKey, Contribution[]>();
  readonly #problems: string[] = [];
  #complete = false;

  readonly #operations: () => OperationTable;
  readonly #whyNot: DispatcherOptions['whyNot'];

  constructor(options: DispatcherOptions & { readonly operations: () => OperationTable }) {
    this.capabilities = new CapabilityTable(options.whyNot);
    this.#operations = options.operations;
    this.#whyNot = options.whyNot;
    this.dispatcher = new Dispatcher(options);
  }

  get complete(): boolean {
    return this.#complete;
  }

  method(row: MethodRow): void {
    const { name, plugin, definition } = row;
    if (plugin !== ENGINE && OWN_METHODS.test(name)) {
      this.#problems.push(`Plugin '${plugin}' registers the method '${name}', whose name is the daemon's own.`);
    } else if (typeof definition.run !== 'function' || !isSchema(definition.params) || !isSchema(definition.result)) {
      this.#problems.push(`Method '${name}' of plugin '${plugin}' needs 'params' and 'result' schemas and 'run'.`);
    } else {
      const rows = definition.operation === true ? [row, ...companions(row, this.#operations)] : [row];
      for (const each of rows) this.#add(each);
    }
  }

  #add(row: MethodRow): void {
    const { name, plugin } = row;
    const taken = this.dispatcher.add(row);
    if (taken !== undefined) {
      this.#problems.push(
        taken.plugin === plugin
          ? `Plugin '${plugin}' registers the method '${name}' twice.`
          : `The method '${name}' is registered by plugin '${taken.plugin}' and by plugin '${plugin}'.`,
      );
    }
  }

  contribute(point: PropertyKey, contribution: Contribution): void {
    const all = this.#contributions.get(point) ?? [];
    all.push(contribution);
    this.#contributions.set(point, all);
  }

  /** Extension point → how much a plugin contributes to it. */
  contributionsOf(plugin: string): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const [point, all] of this.#contributions) {
      const count = all.filter((each) => each.plugin === plugin).length;
      if (count > 0) counts[String(point)] = count;
    }
    return counts;
  }

  /** The plugins that one cannot do without. */
  providersFor(plugin: string): readonly string[] {
    return this.capabilities.needs
      .filter((need) => need.plugin === plugin && need.required)
      .flatMap(({ capability }) => this.capabilities.providersOf(capability));
  }

  /** Of the plugins that serve. */
  contributions(point: PropertyKey): readonly unknown[] {
    const all = this.#contributions.get(point) ?? [];
    return all.filter(({ plugin }) => this.#whyNot(plugin) === undefined).map(({ value }) => value);
  }

  /** Also of plugins that do not serve: they may know why. */
  doctorChecks(): readonly DoctorCheck[] {
    return (this.#contributions.get('doctor.check') ?? []).map(({ value }) => value as DoctorCheck);
  }

  /** Ends the wiring. @throws NookError `conflict` with every problem in one report */
  finish(lost: readonly string[]): void {
    const problems = [
      ...this.#problems,
      ...capabilityProblems(this.capabilities, lost),
      ...contributionProblems(this.#contributions),
    ];
    if (problems.length > 0) throw wiringError(problems);
    this.#complete = true;
    this.capabilities.open();
  }
}

function isSchema(value: unknown): boolean {
  const standard = (value as { '~standard'?: { validate?: unknown } } | undefined)?.['~standard'];
  return typeof standard?.validate === 'function';
}
