import type { ErrorCode, Progress } from '@nook/daemonapi';

/** Where the bytes of a root file system's tar come from. */
export type TarSource =
  | { readonly file: string }
  | { readonly program: string; readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> };

export interface UnpackJob {
  readonly job: 'unpack';
  readonly source: TarSource;
  /** An empty directory. */
  readonly staging: string;
  /** Where to write fakeroot's state. */
  readonly state: string;
  readonly max_bytes: number;
  readonly max_entries: number;
}

export interface UnpackResult {
  /** Of the uncompressed archive up to its end mark. */
  readonly sha256: string;
  readonly entries: number;
  readonly bytes: number;
  readonly root: { readonly mode: number; readonly uid: number; readonly gid: number };
  /** Files with capabilities: path in latin-1, attribute in hex. */
  readonly capabilities: readonly { readonly path: string; readonly value: string }[];
}

interface VmlinuxJob {
  readonly job: 'vmlinux';
  readonly bzimage: string;
  readonly output: string;
}

interface VmlinuxResult {
  readonly bytes: number;
}

export type Job = UnpackJob | VmlinuxJob;
export type JobResult<J extends Job> = J extends UnpackJob ? UnpackResult : VmlinuxResult;

/** What a worker writes to its stdout, one JSON object a line. */
export type WorkerLine =
  | { readonly progress: Progress }
  /** A line that the source program wrote to its stderr. */
  | { readonly note: string }
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint?: string } };
