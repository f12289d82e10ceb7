import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type DoctorFinding,
  type FeatureGuest,
  type FeatureHook,
  type FeatureVm,
  type MachineContribution,
  NookError,
  type VmFeature,
} from '@nook/daemonapi';
import type { FeatureView } from '../contract.ts';
import { joinContributions } from './contribution.ts';
import type { FeatureRecord } from './feature-records.ts';
import type { Features } from './features.ts';
import { deadlineOf, runFeatureHook } from './run-feature-hook.ts';

/** What features are told of a machine, from its record. */
export type MachineFacts = Omit<FeatureVm, 'dir' | 'part' | 'state'>;

interface MachineFeaturesOptions {
  readonly features: Features;
  readonly facts: () => MachineFacts;
  /** The machine's folder. */
  readonly dir: string;
}

/** The guest, whose commands the signal ends. */
type Guest = (signal: AbortSignal) => FeatureGuest;

interface Taking {
  readonly feature: VmFeature;
  readonly record: FeatureRecord;
}

/** The features that take part in one VM: their hooks in order, and whether they have cleaned up. */
export class MachineFeatures {
  readonly #features: Features;
  readonly #facts: () => MachineFacts;
  readonly #dir: string;
  readonly #records: Map<string, FeatureRecord>;

  constructor({ features, facts, dir }: MachineFeaturesOptions) {
    this.#features = features;
    this.#facts = facts;
    this.#dir = dir;
    this.#records = new Map(features.records.of(facts().id).map((record) => [record.name, record]));
  }

  get any(): boolean {
    return this.#records.size > 0;
  }

  /** A start has begun that nobody has cleaned up after. */
  get due(): boolean {
    return this.#all().some(({ cleanupDue }) => cleanupDue);
  }

  /** How long all `postStart` together may take, in milliseconds. */
  get postStartMs(): number {
    return this.#taking()
      .filter(({ feature }) => feature.postStart !== undefined)
      .reduce((sum, { feature }) => sum + deadlineOf(feature, 'postStart'), 0);
  }

  view(withParts: boolean): FeatureView[] {
    return this.#all().map(({ name, part, cleanupDue }) => ({
      name,
      ...(withParts ? { part } : {}),
      ...(cleanupDue ? { cleanup_due: true } : {}),
    }));
  }

  /** @throws NookError that names the feature; what was begun is due to be cleaned up */
  async prepareHost(signal: AbortSignal): Promise<void> {
    const taking = this.#complete();
    if (this.due) await this.#cleanUpOrThrow('off');
    for (const { record } of taking) this.#update({ ...record, cleanupDue: true });
    for (const { feature, record } of taking) {
      const vm = this.#vm(record, 'starting');
      await mkdir(vm.dir, { recursive: true, mode: 0o700 });
      await this.#run({ feature, hook: 'prepareHost', signal }, (ending) => feature.prepareHost?.(vm, ending));
    }
  }

  /** @throws NookError that names the feature */
  async machine(signal: AbortSignal): Promise<Required<MachineContribution>> {
    const contributed: { feature: string; value: unknown }[] = [];
    for (const { feature, record } of this.#complete()) {
      const vm = this.#vm(record, 'starting');
      const value = await this.#run({ feature, hook: 'machine', signal }, () => feature.machine?.(vm) ?? {});
      contributed.push({ feature: feature.name, value });
    }
    return joinContributions(contributed);
  }

  /** @throws NookError that names the feature */
  async postStart(guest: Guest, signal: AbortSignal): Promise<void> {
    for (const { feature, record } of this.#complete()) {
      const vm = this.#vm(record, 'running');
      await this.#run({ feature, hook: 'postStart', signal }, (ending) =>
        feature.postStart?.(vm, guest(ending), ending),
      );
    }
  }

  /**
   * The machine is gone. What is due is cleaned up, before a removal everything, in reverse. A feature that fails stays
   * due and does not keep the others.
   * @returns what failed
   */
  async cleanUp(state: 'off' | 'removing'): Promise<NookError[]> {
    const failures: NookError[] = [];
    const concerned = this.#taking().filter(({ record }) => state === 'removing' || record.cleanupDue);
    for (const { feature, record } of concerned.toReversed()) {
      const vm = this.#vm(record, state);
      try {
        await this.#run({ feature, hook: 'cleanup', signal: this.#features.closing }, (ending) =>
          feature.cleanup?.(vm, ending),
        );
        await rm(vm.dir, { recursive: true, force: true });
        // Refused while it holds another feature's.
        await rmdir(dirname(vm.dir)).catch(() => {});
        this.#update({ ...record, cleanupDue: false });
      } catch (error) {
        const { name, message } = { name: record.name, message: (error as Error).message };
        this.#features.log.error({ vm: vm.name, feature: name, error: message }, 'a feature did not clean up');
        failures.push(error as NookError);
      }
    }
    return [
      ...failures,
      ...this.#missing()
        .filter(({ cleanupDue }) => cleanupDue)
        .map(notServed),
    ];
  }

  /** Before the machine's folder goes. @throws NookError that names the feature, unless `force` is given */
  async leave(force: boolean): Promise<void> {
    const [failure] = await this.cleanUp('removing');
    if (failure === undefined || force) return;
    const { name } = this.#facts();
    throw new NookError(failure.code, failure.message, {
      hint: `Remove the VM nonetheless: nook vm rm --force ${name}`,
      ...(failure.details === undefined ? {} : { details: failure.details }),
      cause: failure,
    });
  }

  /**
   * Gives one feature another part.
   * @param guest absent when the machine does not run
   * @throws NookError `not_found`, `conflict` when it cannot be changed while the VM runs, or as the feature says
   */
  async change(change: { name: string; part: unknown }, guest: Guest | undefined, signal: AbortSignal): Promise<void> {
    const facts = this.#facts();
    const taking = this.#complete().find(({ record }) => record.name === change.name);
    if (!taking) {
      throw new NookError('not_found', `Feature '${change.name}' takes no part in VM '${facts.name}'.`, {
        hint: 'A VM has the features that it was created with.',
      });
    }
    const { feature, record } = taking;
    const part = await this.#features.agreed(feature, { ...facts, part: change.part }, signal);
    if (guest) {
      if (feature.applyChange === undefined) {
        throw new NookError('conflict', `Feature '${feature.name}' cannot be changed while VM '${facts.name}' runs.`, {
          hint: `Stop it first: nook vm stop ${facts.name}`,
        });
      }
      const vm = this.#vm(record, 'running');
      await this.#run({ feature, hook: 'applyChange', signal }, (ending) =>
        feature.applyChange?.(vm, { kind: 'part', part, guest: guest(ending) }, ending),
      );
    }
    this.#update({ ...record, part });
  }

  /** What the features find, and what is wrong with them. */
  async examine(running: boolean, signal: AbortSignal): Promise<DoctorFinding[]> {
    const { name } = this.#facts();
    const findings = await Promise.all(this.#taking().map((taking) => this.#examineOne(taking, running, signal)));
    const missing = this.#missing().map((record) => ({
      status: 'warning' as const,
      item: `${name}: ${record.name}`,
      evidence: notServed(record).message,
      repair: `Import the plugin that contributes it, or remove the VM: nook vm rm --force ${name}`,
    }));
    return [...findings.flat(), ...missing];
  }

  async #examineOne({ feature, record }: Taking, running: boolean, signal: AbortSignal): Promise<DoctorFinding[]> {
    const vm = this.#vm(record, running ? 'running' : 'off');
    const item = `${vm.name}: ${feature.name}`;
    const due: DoctorFinding[] =
      record.cleanupDue && !running
        ? [
            {
              status: 'warning',
              item,
              evidence: 'it could not clean up after the VM',
              repair: `The daemon's log says why. Try again: nook vm rm ${vm.name}`,
            },
          ]
        : [];
    try {
      const found = await this.#run({ feature, hook: 'doctor', signal }, (ending) => feature.doctor?.(vm, ending));
      return [...due, ...(found ?? []).map((finding) => ({ ...finding, item: `${item}: ${finding.item}` }))];
    } catch (error) {
      const evidence = (error as Error).message;
      return [...due, { status: 'error', item, evidence, repair: 'Look at the log of the daemon.' }];
    }
  }

  #run<T>(
    call: { feature: VmFeature; hook: FeatureHook; signal: AbortSignal },
    work: (signal: AbortSignal) => T | Promise<T>,
  ): Promise<T> {
    return runFeatureHook({ ...call, vm: this.#facts().name }, work);
  }

  async #cleanUpOrThrow(state: 'off'): Promise<void> {
    const [failure] = await this.cleanUp(state);
    if (failure) throw failure;
  }

  #vm(record: FeatureRecord, state: FeatureVm['state']): FeatureVm {
    return { ...this.#facts(), state, dir: join(this.#dir, 'features', record.name), part: record.part };
  }

  /** Those that plugins serve, in the order of their hooks. */
  #taking(): Taking[] {
    return this.#features.all().flatMap((feature) => {
      const record = this.#records.get(feature.name);
      return record === undefined ? [] : [{ feature, record }];
    });
  }

  /** As `#taking`. @throws NookError `unavailable` when one is not served */
  #complete(): Taking[] {
    const [missing] = this.#missing();
    if (missing) throw notServed(missing);
    return this.#taking();
  }

  #missing(): FeatureRecord[] {
    const served = new Set(this.#features.all().map(({ name }) => name));
    return this.#all().filter(({ name }) => !served.has(name));
  }

  #all(): FeatureRecord[] {
    return [...this.#records.values()];
  }

  #update(record: FeatureRecord): void {
    this.#records.set(record.name, record);
    this.#features.records.update(this.#facts().id, record);
  }
}

function notServed({ name }: FeatureRecord): NookError {
  return new NookError('unavailable', `Feature '${name}' of this VM is served by no plugin of this daemon.`, {
    hint: 'Import the plugin that contributes it; nook plugin list shows those that are there.',
  });
}
