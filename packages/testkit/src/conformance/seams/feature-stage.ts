import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FeatureGuest, FeatureVm, GuestCommandResult, VmFeature } from '@nook/daemonapi';
import type { Box } from '../../box.ts';
import { type ResourceScope, resourceScope } from '../../leaks/resource-tracker.ts';
import type { FeatureSample, Subject } from '../options.ts';
import { subjectBox } from '../subject-box.ts';

/** How long what a hook held may take to close. */
const CLOSE_MS = 2000;

/** Names in a home that change while a daemon runs. */
const DAEMONS_OWN = /^(state\/(nook\.db|logs)|run)/;

const DONE: GuestCommandResult = { exit_code: 0, stdout: '', stderr: '' };

/** One feature with a VM that it takes part in: what the plugin that runs VMs would call it with, and no VM. */
export class FeatureStage {
  readonly feature: VmFeature;
  readonly signal = AbortSignal.timeout(60_000);
  readonly part: unknown;
  readonly #sample: FeatureSample;
  readonly #home: string;
  readonly #plugin: string;
  readonly #scope: ResourceScope;

  constructor(
    feature: VmFeature,
    part: unknown,
    more: { sample: FeatureSample; box: Box; plugin: string; scope: ResourceScope },
  ) {
    this.feature = feature;
    this.part = part;
    this.#sample = more.sample;
    this.#home = more.box.home;
    this.#plugin = more.plugin;
    this.#scope = more.scope;
  }

  /** Frozen, as nobody may change it. */
  vm(state: FeatureVm['state']): FeatureVm {
    return frozen({
      ...{ id: 'c0ffee000001', name: 'conformance', state, boot: state === 'off' ? 0 : 1 },
      ...{ image: 'busybox', image_digest: `sha256:${'0'.repeat(64)}` },
      ...{ vcpus: 1, memory_bytes: 256 * 1024 ** 2, disk_bytes: 1024 ** 3 },
      dir: join(this.#home, 'state/vms/c0ffee000001/features', this.feature.name),
      part: structuredClone(this.part),
    });
  }

  get guest(): FeatureGuest {
    const answer = this.#sample.guest ?? (() => DONE);
    return { exec: async (command) => answer(command) };
  }

  /** Runs a hook where what it makes is known to be its own. */
  run<T>(work: () => T): T {
    return this.#scope.run(work, this.#plugin);
  }

  async prepareHost(signal = this.signal): Promise<void> {
    const vm = this.vm('starting');
    await mkdir(vm.dir, { recursive: true, mode: 0o700 });
    await this.run(() => this.feature.prepareHost?.(vm, signal));
  }

  async postStart(guest = this.guest, signal = this.signal): Promise<void> {
    await this.run(() => this.feature.postStart?.(this.vm('running'), guest, signal));
  }

  /** And what follows it: the feature's folder goes. */
  async cleanup(state: 'off' | 'removing' = 'off', signal = this.signal): Promise<void> {
    const vm = this.vm(state);
    await this.run(() => this.feature.cleanup?.(vm, signal));
    await rm(vm.dir, { recursive: true, force: true });
    if ((await readdir(dirname(vm.dir)).catch(() => ['none'])).length === 0)
      await rm(dirname(vm.dir), { recursive: true });
  }

  /** Everything in the home that is not the daemon's own. */
  async files(): Promise<readonly string[]> {
    const all = await readdir(this.#home, { recursive: true });
    return all.filter((name) => !DAEMONS_OWN.test(name) && !isFolderOfVm(name)).sort();
  }

  /** @throws when files, timers, sockets or processes of the hooks are still there */
  async leavesNothing(before: readonly string[]): Promise<void> {
    const left = (await this.files()).filter((name) => !before.includes(name));
    assert.deepEqual(left, [], `feature '${this.feature.name}' left behind: ${left.join(', ')}`);
    const open = await this.#scope.left(CLOSE_MS);
    assert.deepEqual(open, [], `feature '${this.feature.name}' left behind:\n${open.join('\n')}`);
  }
}

/** Runs `examine` with each feature that the plugin contributes, in a daemon that has started. */
export async function onStage(subject: Subject, examine: (stage: FeatureStage) => Promise<void>): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  await withStages(subject, box, examine);
}

/** As {@link onStage}, in a daemon that is as far as it is. */
export async function withStages(
  subject: Subject,
  box: Box,
  examine: (stage: FeatureStage) => Promise<void>,
): Promise<void> {
  const plugin = subject.plugin.name;
  for (const feature of featuresOf(box, plugin)) {
    using scope = resourceScope();
    const sample = subject.features?.[feature.name] ?? {};
    const part = await keptPart(feature, sample);
    await examine(new FeatureStage(feature, part, { sample, box, plugin, scope }));
  }
}

export function featuresOf(box: Box, plugin: string): readonly VmFeature[] {
  const { contributed } = box.of(plugin);
  return contributed.filter(({ point }) => point === 'vm.feature').map(({ value }) => value as VmFeature);
}

/** What a record would hold of the sample. @throws when the feature's schema does not take it */
async function keptPart({ name, schema }: VmFeature, { part = {} }: FeatureSample): Promise<unknown> {
  if (schema === undefined) return {};
  const result = await schema['~standard'].validate(part);
  assert.ok(
    result.issues === undefined,
    `feature '${name}' does not take ${JSON.stringify(part)}: give a part that it does under 'features' in the options`,
  );
  const text = JSON.stringify(result.value);
  assert.ok(text !== undefined, `feature '${name}' makes nothing of its part that a record could keep`);
  assert.deepEqual(JSON.parse(text), result.value, `feature '${name}' makes of its part what JSON cannot keep`);
  return JSON.parse(text);
}

function isFolderOfVm(name: string): boolean {
  return name === 'state/vms' || name === 'state/vms/c0ffee000001';
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
