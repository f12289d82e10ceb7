/**
 * Reads from a project's own files which tools it wants, and in which versions; contributed to `workspace.tooling`. It is given
 * texts and nothing else: the files are anybody's, and lie on the host of who asks, not of the daemon.
 */
export interface ToolingDetector {
  /** Unique, e.g. `go`, `acme.sdk`: letters, digits, dots and dashes, at most 63 characters. */
  readonly name: string;
  /** The files that it wants to see, by their paths from the project's top folder: no patterns, no `..`. */
  readonly files: readonly string[];
  /**
   * Pure. A file that makes no sense gives a finding with `skipped`, or none; nothing is thrown.
   * @param files those of `files` that are there, path → text; a file of more than 256 KiB, or one that is a symlink, is not
   * @returns the more certain first: of several that name one tool, the first one counts
   */
  detect(files: ReadonlyMap<string, string>): readonly ToolingFinding[];
}

export interface ToolingFinding {
  /** As the tool is called, e.g. `node`, `go`, `python`, `rust`. */
  readonly tool: string;
  /** As it is written: a version, a range, a channel. Absent: any. */
  readonly version?: string | undefined;
  /** Which of the files says so. */
  readonly file: string;
  /** What in it says so, e.g. `engines.node`. */
  readonly why: string;
  /** Why it does not count; absent when it does. */
  readonly skipped?: string | undefined;
}
