/** One `WWW-Authenticate` demand: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

const SCHEME = /^\s*,*\s*([A-Za-z][A-Za-z0-9._~-]*)(?:\s+|$)/;
const PARAM = /^\s*,?\s*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/;

/** The demands of a header, in order; what is no demand ends the reading. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header.slice(0, 8192);
  for (let scheme = SCHEME.exec(rest); scheme !== null; scheme = SCHEME.exec(rest)) {
    rest = rest.slice(scheme[0].length);
    const params: Record<string, string> = Object.create(null);
    for (let param = PARAM.exec(rest); param !== null; param = PARAM.exec(rest)) {
      params[(param[1] ?? '').toLowerCase()] = param[2]?.replaceAll(/\\(.)/g, '$1') ?? param[3] ?? '';
      rest = rest.slice(param[0].length);
    }
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), params });
  }
  return challenges;
}
