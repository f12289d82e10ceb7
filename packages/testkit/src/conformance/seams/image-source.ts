import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type ImageSource, isNookError, NookError, type ResolvedImage } from '@nook/daemonapi';
import type { Box } from '../../box.ts';
import type { ConformanceCheck } from '../check.ts';
import type { Subject } from '../options.ts';
import { END_MS, failureOf, subjectBox, within } from '../subject-box.ts';
import { hostileSource, offerHostile } from './hostile-images.ts';
import { checkContent } from './image-content.ts';
import { LentWork } from './image-work.ts';

const NAME = /^[a-z][a-z0-9-]*$/;
const SCHEME = /^[a-z][a-z0-9.+-]+$/;
const IMAGE = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What comes after a scheme, and makes no sense whatever the scheme is. */
const SENSELESS = ['', '\0', '\0/etc/passwd', '\n', '\ud800'];
/** What may make sense, but must not break anything. */
const ODD = ['..', '../../etc/passwd', '-x', '--help', '%00', '$(id)', 'a'.repeat(4000), 'ä€', '//', ' '];

interface Examined {
  readonly box: Box;
  /** Those of the plugin. */
  readonly sources: readonly ImageSource[];
  /** Each source with a reference of its own. */
  readonly known: readonly (readonly [source: ImageSource, reference: string])[];
}

/** Runs `examine` with the sources that the plugin contributes, in a daemon that has started. */
async function withSources(subject: Subject, examine: (examined: Examined) => Promise<void>): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  const sources = sourcesIn(box.of(subject.plugin.name).contributed);
  const known = sources.map((source) => {
    const reference = subject.images?.find((candidate) => claims(source, candidate));
    assert.ok(reference !== undefined, `give a reference of source '${source.name}' under 'images' in the options`);
    return [source, reference] as const;
  });
  await examine({ box, sources, known });
}

function sourcesIn(contributed: readonly { readonly point: string; readonly value: unknown }[]): ImageSource[] {
  return contributed.filter(({ point }) => point === 'image.source').map(({ value }) => value as ImageSource);
}

function claims({ schemes, catalog = [] }: ImageSource, reference: string): boolean {
  const scheme = reference.slice(0, Math.max(0, reference.indexOf(':')));
  return schemes.includes(scheme) || catalog.some(({ name }) => name === reference);
}

async function resolved(box: Box, source: ImageSource, reference: string): Promise<ResolvedImage> {
  await using lent = await LentWork.create(box);
  const image = await source.resolve(reference, lent.work);
  await lent.examine(`resolving '${reference}'`);
  assert.match(image.digest, DIGEST, `'${reference}' has no digest`);
  assert.ok(image.source !== '', `'${reference}' does not say where it comes from`);
  return image;
}

/** @throws AssertionError when it ends with anything but an answer or a NookError that a user can be shown */
async function refusal(box: Box, source: ImageSource, reference: string): Promise<NookError | undefined> {
  try {
    await within(END_MS, `resolving ${JSON.stringify(reference)}`, resolved(box, source, reference));
    return undefined;
  } catch (error) {
    const shown = `${JSON.stringify(reference.slice(0, 80))} failed with ${error}`;
    assert.ok(isNookError(error), `${shown}, which is no NookError`);
    assert.notEqual(error.code, 'internal', shown);
    return error;
  }
}

/** What holds for every `image.source`, and for whoever makes images of what they bring. */
export const imageSourceSeam: readonly ConformanceCheck[] = [
  {
    name: 'image.source: has names and claims that are its own',
    run: (subject) =>
      withSources(subject, async ({ box, sources }) => {
        for (const { name, schemes, catalog = [] } of sources) {
          assert.match(name, NAME);
          for (const scheme of schemes) assert.match(scheme, SCHEME, `source '${name}'`);
          for (const image of catalog) {
            assert.match(image.name, IMAGE, `source '${name}'`);
            assert.ok(image.summary !== '', `image '${image.name}' has no summary`);
          }
          assert.ok(schemes.length + catalog.length > 0, `source '${name}' claims nothing`);
        }
        const all = sourcesIn(box.observed.flatMap(({ contributed }) => contributed));
        const claimed = all.flatMap(({ name, schemes, catalog = [] }) => [
          `name ${name}`,
          ...schemes.map((scheme) => `${scheme}:`),
          ...catalog.map((image) => `image ${image.name}`),
        ]);
        const twice = claimed.filter((claim, index) => claimed.indexOf(claim) !== index);
        assert.deepEqual(twice, [], 'claimed twice');
        assert.ok(!claimed.includes('sha256:'), "'sha256:' is the digests'");
      }),
  },
  {
    name: 'image.source: gives a reference the same digest each time',
    timeoutMs: 120_000,
    run: (subject) =>
      withSources(subject, async ({ box, known }) => {
        for (const [source, reference] of known) {
          const first = await resolved(box, source, reference);
          const second = await resolved(box, source, reference);
          assert.equal(second.digest, first.digest, `'${reference}' is another one the second time`);
        }
      }),
  },
  {
    name: 'image.source: brings what it resolved, and stays in its directory',
    timeoutMs: 120_000,
    run: (subject) =>
      withSources(subject, async ({ box, known }) => {
        for (const [source, reference] of known) {
          await using lent = await LentWork.create(box);
          const image = await source.resolve(reference, lent.work);
          await checkContent(await source.fetch(image, lent.work), lent.work, reference);
          await lent.examine(`fetching '${reference}'`);
        }
      }),
  },
  {
    name: 'image.source: answers any reference, and refuses those without sense with a NookError',
    timeoutMs: 120_000,
    run: (subject) =>
      withSources(subject, async ({ box, sources }) => {
        for (const source of sources) {
          for (const scheme of source.schemes) {
            for (const rest of ODD) await refusal(box, source, `${scheme}:${rest}`);
            for (const rest of SENSELESS) {
              const reference = `${scheme}:${rest}`;
              const error = await refusal(box, source, reference);
              assert.ok(error !== undefined, `${JSON.stringify(reference)} was not refused`);
            }
          }
        }
      }),
  },
  {
    name: 'image.source: ends when its signal is aborted, and leaves nothing behind',
    timeoutMs: 120_000,
    run: (subject) =>
      withSources(subject, async ({ box, known }) => {
        for (const [source, reference] of known) {
          const resolve = (lent: LentWork) => source.resolve(reference, lent.work);
          await endsWithSignal(box, `resolving '${reference}'`, resolve);
          await using whole = await LentWork.create(box);
          const image = await source.resolve(reference, whole.work);
          await endsWithSignal(box, `fetching '${reference}'`, (lent) =>
            source.fetch(image, { ...lent.work, directory: whole.work.directory }),
          );
          await whole.examine(`fetching '${reference}'`);
        }
      }),
  },
  {
    name: 'image.source: what is hostile is refused by the store, and reaches nothing',
    timeoutMs: 60_000,
    async run(subject) {
      await using box = await subjectBox({ ...subject, with: [...(subject.with ?? []), hostileSource] });
      await box.start();
      // Without a store in this daemon there is nobody to refuse anything.
      if (box.observed.some(({ provided }) => provided.has('images'))) await offerHostile(box);
    },
  },
];

/** With a signal that is aborted before it begins, and with one that is aborted right after. */
async function endsWithSignal(box: Box, what: string, begin: (lent: LentWork) => Promise<unknown>): Promise<void> {
  const reason = new NookError('cancelled', 'Nobody waits any more.');
  {
    await using lent = await LentWork.create(box, AbortSignal.abort(reason));
    const work = within(END_MS, `${what} with an aborted signal`, begin(lent));
    const error = await failureOf(work, `${what} with an aborted signal was to fail`);
    if (/did not end within/.test(error.message)) throw error;
    await lent.examine(what);
  }
  const abort = new AbortController();
  await using lent = await LentWork.create(box, abort.signal);
  const work = begin(lent);
  work.catch(() => {});
  await setImmediate();
  abort.abort(reason);
  const ended = work.then(
    () => {},
    () => {},
  );
  await within(END_MS, `${what} that was aborted`, ended);
  await lent.examine(what);
}
