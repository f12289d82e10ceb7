const BEGIN = 'Linux version ';
const LONGEST = 1024;
/** What becomes a folder's name, from a file that may be anybody's. */
const BANNER = /^Linux version (?<release>[A-Za-z0-9_][A-Za-z0-9._+~-]{0,63}) \(.*\) (?<version>#\d[^\n\0]{0,200})/;

interface Banner {
  /** As `uname -r` says it. */
  readonly release: string;
  /** As `uname -v` says it. */
  readonly version: string;
}

/** What an uncompressed kernel calls itself (init/version.c of Linux); undefined when it is none. */
export function bannerOf(vmlinux: Buffer): Banner | undefined {
  for (let at = vmlinux.indexOf(BEGIN); at !== -1; at = vmlinux.indexOf(BEGIN, at + 1)) {
    const { release, version } = BANNER.exec(vmlinux.toString('latin1', at, at + LONGEST))?.groups ?? {};
    if (release !== undefined && version !== undefined) return { release, version: version.trim() };
  }
  return undefined;
}
