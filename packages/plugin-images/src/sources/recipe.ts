import type { Progress } from '@nook/daemonapi';
import type { DebianArchive } from '../apt/debian-archive.ts';
import type { ImageConfig } from '../contract.ts';
import type { BuildPlace } from '../store/build-area.ts';
import type { TarSource } from '../worker/jobs.ts';

/** What an image's source may use while it prepares. */
export interface Kitchen {
  readonly place: BuildPlace;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  /** Opens Debian's archive for a release; the one that config says when none is named. */
  archive(suite?: string): Promise<DebianArchive>;
}

/** How the root file system's tar comes about. */
export interface Recipe {
  readonly source: string;
  readonly tar: TarSource;
  readonly config: ImageConfig;
  /** Most bytes that its files may add up to; the disk's size when absent. */
  readonly maxBytes?: number;
  /** Turns a line that the tar's program wrote to stderr into progress. */
  readonly onNote?: (line: string) => Progress | undefined;
}

export const NO_CONFIG: ImageConfig = { env: [], cmd: [], entrypoint: [], workdir: null, user: null };
