import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type ImageWork, isNookError, NookError } from '@nook/daemonapi';
import type { Box } from '../../box.ts';
import type { ConformanceCheck } from '../check.ts';
import type { Subject } from '../options.ts';
import { END_MS, failureOf, subjectBox, within } from '../subject-box.ts';
import { LentWork } from './image-work.ts';

const SOURCE_NAME = /^[a-z][a-z0-9-]*$/;
const SCHEME = /^[a-z][a-z0-9.+-]+$/;
const CATALOG_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What comes after a scheme, and makes no sense whatever the scheme is. */
const SENSELESS = ['', '\0', '\0/etc/passwd', '\n', '\ud800'];
/** What may make sense, but must not break anything. */
const ODD = ['..', '../../etc/passwd', '-x', '--help', '%00', '$(id)', 'a'.repeat(4000), 'ä€', '//', ' '];

interface Resolved {
  readonly digest: string;
  readonly source: string;
}

/** What sources of images and of kernels have in common. */
interface Source<Content> {
  readonly name: string;
  readonly schemes: readonly string[];
  readonly catalog?: readonly { readonly name: string; readonly summary: string }[];
  resolve(reference: string, work: ImageWork): Promise<Resolved>;
  fetch(resolved: Resolved, work: ImageWork): Promise<Content>;
}

/** An extension point for sources. */
interface SourcePoint<Content> {
  readonly point: 'image.source' | 'kernel.source';
  /** What they are sources of, in a word. */
  readonly thing: string;
  /** Where the options have references of theirs. */
  readonly option: 'images' | 'kernels';
  /** @throws AssertionError when what was fetched is not there, or not what it says */
  check(content: Content, work: ImageWork, reference: string): Promise<void>;
}

interface Examined<Content> {
  readonly box: Box;
  /** Those of the plugin. */
  readonly sources: readonly Source<Content>[];
  /** Those of all plugins. */
  readonly all: readonly Source<Content>[];
  /** Each source with a reference of its own. */
  readonly known: readonly (readonly [source: Source<Content>, reference: string])[];
}

/** What holds for whatever is contributed to a point for sources. */
export function sourceSeam<Content>(seam: SourcePoint<Content>): readonly ConformanceCheck[] {
  const { point, thing } = seam;
  const examined = (subject: Subject, examine: (examined: Examined<Content>) => Promise<void>) =>
    withSources(seam, subject, examine);
  return [
    {
      name: `${point}: has names and claims that are its own`,
      run: (subject) => examined(subject, async ({ sources, all }) => checkClaims({ sources, all, thing })),
    },
    {
      name: `${point}: every source brings something`,
      async run(subject) {
        const nothing: string[] = [];
        await examined(subject, async ({ sources }) => {
          for (const { name } of sources) {
            const why = subject.unreachable?.[name];
            if (why !== undefined) nothing.push(`'${name}' brings nothing: ${why}`);
          }
        });
        return nothing.length > 0 ? { skipped: nothing.join('; ') } : undefined;
      },
    },
    {
      name: `${point}: gives a reference the same digest each time`,
      timeoutMs: 120_000,
      run: (subject) =>
        examined(subject, async ({ box, known }) => {
          for (const [source, reference] of known) {
            const first = await resolved(box, source, reference);
            const second = await resolved(box, source, reference);
            assert.equal(second.digest, first.digest, `'${reference}' is another one the second time`);
          }
        }),
    },
    {
      name: `${point}: brings what it resolved, and stays in its directory`,
      timeoutMs: 120_000,
      run: (subject) =>
        examined(subject, async ({ box, known }) => {
          for (const [source, reference] of known) {
            await using lent = await LentWork.create(box);
            const found = await source.resolve(reference, lent.work);
            await seam.check(await source.fetch(found, lent.work), lent.work, reference);
            await lent.examine(`fetching '${reference}'`);
          }
        }),
    },
    {
      name: `${point}: answers any reference, and refuses those without sense with a NookError`,
      timeoutMs: 120_000,
      run: (subject) =>
        examined(subject, async ({ box, sources }) => {
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
      name: `${point}: ends when its signal is aborted, and leaves nothing behind`,
      timeoutMs: 120_000,
      run: (subject) =>
        examined(subject, async ({ box, known }) => {
          for (const [source, reference] of known) {
            const resolve = (lent: LentWork) => source.resolve(reference, lent.work);
            await endsWithSignal(box, `resolving '${reference}'`, resolve);
            await using whole = await LentWork.create(box);
            const found = await source.resolve(reference, whole.work);
            await endsWithSignal(box, `fetching '${reference}'`, (lent) =>
              source.fetch(found, { ...lent.work, directory: whole.work.directory }),
            );
            await whole.examine(`fetching '${reference}'`);
          }
        }),
    },
  ];
}

/** Runs `examine` with the sources that the plugin contributes, in a daemon that has started. */
async function withSources<Content>(
  { point, option }: SourcePoint<Content>,
  subject: Subject,
  examine: (examined: Examined<Content>) => Promise<void>,
): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  const sourcesIn = (contributed: readonly { readonly point: string; readonly value: unknown }[]) =>
    contributed.filter((one) => one.point === point).map(({ value }) => value as Source<Content>);
  const sources = sourcesIn(box.of(subject.plugin.name).contributed);
  const { unreachable = {} } = subject;
  const reachable = sources.filter(({ name }) => !(name in unreachable));
  const known = reachable.map((source) => {
    const reference = subject[option]?.find((candidate) => claims(source, candidate));
    assert.ok(reference !== undefined, `give a reference of source '${source.name}' under '${option}' in the options`);
    return [source, reference] as const;
  });
  await examine({ box, sources, known, all: sourcesIn(box.observed.flatMap(({ contributed }) => contributed)) });
}

function claims({ schemes, catalog = [] }: Source<unknown>, reference: string): boolean {
  const scheme = reference.slice(0, Math.max(0, reference.indexOf(':')));
  return schemes.includes(scheme) || catalog.some(({ name }) => name === reference);
}

function checkClaims({ sources, all, thing }: Pick<Examined<unknown>, 'sources' | 'all'> & { thing: string }): void {
  for (const { name, schemes, catalog = [] } of sources) {
    assert.match(name, SOURCE_NAME);
    for (const scheme of schemes) assert.match(scheme, SCHEME, `source '${name}'`);
    for (const entry of catalog) {
      assert.match(entry.name, CATALOG_NAME, `source '${name}'`);
      assert.ok(entry.summary !== '', `${thing} '${entry.name}' has no summary`);
    }
    assert.ok(schemes.length + catalog.length > 0, `source '${name}' claims nothing`);
  }
  const claimed = all.flatMap(({ name, schemes, catalog = [] }) => [
    `name ${name}`,
    ...schemes.map((scheme) => `${scheme}:`),
    ...catalog.map((entry) => `${thing} ${entry.name}`),
  ]);
  const twice = claimed.filter((claim, index) => claimed.indexOf(claim) !== index);
  assert.deepEqual(twice, [], 'claimed twice');
  assert.ok(!claimed.includes('sha256:'), "'sha256:' is the digests'");
}

async function resolved(box: Box, source: Source<unknown>, reference: string): Promise<Resolved> {
  await using lent = await LentWork.create(box);
  const found = await source.resolve(reference, lent.work);
  await lent.examine(`resolving '${reference}'`);
  assert.match(found.digest, DIGEST, `'${reference}' has no digest`);
  assert.ok(found.source !== '', `'${reference}' does not say where it comes from`);
  return found;
}

/** @throws AssertionError when it ends with anything but an answer or a NookError that a user can be shown */
async function refusal(box: Box, source: Source<unknown>, reference: string): Promise<NookError | undefined> {
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
