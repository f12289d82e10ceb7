import { type FeatureRequest, type Logger, NookError, type VmFeature } from '@nook/daemonapi';
import type { FeatureRecords } from './feature-records.ts';
import { runFeatureHook } from './run-feature-hook.ts';

const NAME = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/;
const MAX_NAME = 63;
const MAX_PART_BYTES = 256 * 1024;

/** Feature → its part of a VM. */
export type Parts = Readonly<Record<string, unknown>>;

interface FeaturesOptions {
  /** Everything contributed to `vm.feature` by plugins that serve, in the order in which hooks are called. */
  readonly contributed: () => readonly VmFeature[];
  readonly records: FeatureRecords;
  readonly log: Logger;
}

/** The features that the plugins of this daemon contribute. */
export class Features {
  readonly records: FeatureRecords;
  readonly log: Logger;
  readonly #contributed: () => readonly VmFeature[];
  readonly #closing = new AbortController();

  constructor({ contributed, records, log }: FeaturesOptions) {
    this.#contributed = contributed;
    this.records = records;
    this.log = log;
  }

  /** In the order in which their hooks are called. */
  all(): readonly VmFeature[] {
    return this.#contributed();
  }

  /** Aborted when the daemon lets go of its VMs. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort(new NookError('unavailable', 'The daemon stops.'));
  }

  /** @throws NookError `conflict` when one has a name that no request could give */
  check(): void {
    for (const { name } of this.all()) {
      if (typeof name === 'string' && NAME.test(name) && name.length <= MAX_NAME) continue;
      throw new NookError('conflict', `A feature is named '${name}'.`, {
        hint: `A name is a label or dotted ones, at most ${MAX_NAME} characters.`,
      });
    }
  }

  /**
   * The parts to be kept of a request, once every feature that takes part has agreed.
   * @throws NookError that names the feature: `bad_params` when its schema or itself does not take its part
   */
  async requested(
    parts: Parts | undefined,
    request: Omit<FeatureRequest, 'part'>,
    signal: AbortSignal,
  ): Promise<Parts> {
    const asked = new Map(Object.entries(parts ?? {}));
    const known = this.all();
    for (const name of asked.keys()) if (!known.some((feature) => feature.name === name)) throw this.#unknown(name);
    const kept: Record<string, unknown> = {};
    for (const feature of known) {
      if (!asked.has(feature.name) && feature.takesPart !== 'always') continue;
      kept[feature.name] = await this.agreed(feature, { ...request, part: asked.get(feature.name) ?? {} }, signal);
    }
    return kept;
  }

  /** What is to be kept of one feature's part. @throws NookError as `requested` */
  async agreed(feature: VmFeature, request: FeatureRequest, signal: AbortSignal): Promise<unknown> {
    const part = await checkPart(feature, request.part);
    await runFeatureHook({ feature, hook: 'preflight', vm: request.name, signal }, (ending) =>
      feature.preflight?.({ ...request, part }, ending),
    );
    return part;
  }

  #unknown(name: string): NookError {
    const names = this.all().map((feature) => feature.name);
    return new NookError('bad_params', `No plugin of this daemon contributes a feature '${name}'.`, {
      hint: names.length === 0 ? 'There are none: see nook plugin list.' : `There are: ${names.join(', ')}.`,
    });
  }
}

/** What the feature's schema makes of a part, as the record will give it back. */
async function checkPart({ name, schema }: VmFeature, part: unknown): Promise<unknown> {
  const refuse = (what: string) => new NookError('bad_params', `The part of feature '${name}' does not fit: ${what}.`);
  if (schema === undefined) {
    if (JSON.stringify(part) === '{}') return {};
    throw refuse('it takes none, give {}');
  }
  const result = await schema['~standard'].validate(part);
  if (result.issues !== undefined) {
    throw refuse(
      result.issues.map(({ path, message }) => [dotted(path), message].filter(Boolean).join(': ')).join('; '),
    );
  }
  const text = JSON.stringify(result.value) ?? 'null';
  if (Buffer.byteLength(text) > MAX_PART_BYTES) throw refuse(`it is larger than ${MAX_PART_BYTES / 1024} KiB`);
  return JSON.parse(text);
}

function dotted(path: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined): string {
  return (path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
}
