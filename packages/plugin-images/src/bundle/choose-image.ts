import { NookError } from '@nook/daemonapi';

export interface Choice {
  readonly digest: string;
  /** What it goes by: tags, names with tags, its digest. */
  readonly names: readonly string[];
  /** `linux/amd64`, where that is told. */
  readonly platform?: string;
}

const OURS = 'linux/amd64';

/**
 * The image that is meant among several.
 * @throws NookError `not_found` when none goes by the reference, `bad_request` when there are several and none is given
 */
export function chooseImage<C extends Choice>(choices: readonly C[], ref: string | undefined, what: string): C {
  const wanted = ref === undefined ? choices : choices.filter(({ names }) => names.some((name) => goesBy(name, ref)));
  const known = [...new Set(choices.flatMap(({ names, digest }) => (names.length > 0 ? names : [digest])))];
  if (wanted.length === 0) {
    throw new NookError('not_found', ref === undefined ? `${what} holds no image.` : `${what} holds no '${ref}'.`, {
      hint: known.length === 0 ? 'Save an image in it.' : `It holds: ${shown(known)}.`,
      details: { refs: known },
    });
  }
  const ours = wanted.filter(({ platform }) => platform === undefined || platform === OURS);
  const [first, ...more] = distinct(ours.length > 0 ? ours : wanted);
  if (first !== undefined && more.length === 0) return first;
  throw new NookError('bad_request', `${what} holds several images.`, {
    hint: `Say which with --ref: ${shown(known)}.`,
    details: { refs: known },
  });
}

/** A name is meant by itself, by its tag alone, and without the registry that docker leaves out. */
function goesBy(name: string, ref: string): boolean {
  return (
    name === ref || name.replace(/^docker\.io\/(?:library\/)?/, '') === ref || /:([^:/]+)$/.exec(name)?.[1] === ref
  );
}

function distinct<C extends Choice>(choices: readonly C[]): C[] {
  return [...new Map(choices.map((choice) => [choice.digest, choice])).values()];
}

function shown(names: readonly string[]): string {
  return `${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`.slice(0, 1000);
}
