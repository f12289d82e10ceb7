import type { Progress } from './rpc.ts';

/** How a container image wants to be run. Empty for images that say nothing. */
export interface ImageConfig {
  readonly env: readonly string[];
  readonly cmd: readonly string[];
  readonly entrypoint: readonly string[];
  readonly workdir: string | null;
  readonly user: string | null;
  /** Signal that asks its command to end, such as `SIGQUIT`. */
  readonly stopSignal?: string | null | undefined;
  /** Ports that it listens on: `80/tcp`. */
  readonly ports?: readonly string[] | undefined;
}

/**
 * Where images come from; contributed to `image.source`. Whoever keeps images asks it what a reference means, then for
 * the root file system behind it, and makes a disk of that: unpacked within limits, with nothing in it trusted.
 * Called at any time from the end of `setup`, also for several references at once.
 */
export interface ImageSource {
  /** Unique among all sources: lower-case letters, digits and dashes. */
  readonly name: string;
  /**
   * What the references begin with that are this source's, without the colon: `acme` claims `acme:tools`. Lower-case
   * letters, digits, `+`, `-` and `.`, beginning with a letter, at least two. Claimed by no other source.
   */
  readonly schemes: readonly string[];
  /** Images that are this source's by a plain name, and are listed as ready to be pulled. Named by no other source. */
  readonly catalog?: readonly CatalogImage[];
  /**
   * Says what a reference means now. May ask the network and fetch an index; the bulk is for {@link fetch}.
   * @param reference as the user gave it, with its scheme; or a name of the catalog. It may hold anything at all
   * @throws NookError `bad_params` when it makes no sense, `not_found` when there is no such image, `unavailable` when that
   *   cannot be found out, with a hint for the user; the signal's reason when that was aborted
   */
  resolve(reference: string, work: ImageWork): Promise<ResolvedImage>;
  /**
   * Brings the root file system. It must be what {@link ResolvedImage.digest} promised.
   * @param image as {@link resolve} answered it, with the same `work.directory` as then
   * @throws NookError as {@link resolve}
   */
  fetch(image: ResolvedImage, work: ImageWork): Promise<ImageContent>;
}

export interface CatalogImage {
  /** Lower-case letters, digits, dots, underscores and dashes, beginning with a letter or digit; 63 at most. */
  readonly name: string;
  /** One line for the list of images. */
  readonly summary: string;
}

/** What a reference meant when it was asked. A source may keep more in it for its own `fetch`. */
export interface ResolvedImage {
  /**
   * `sha256:` and 64 hex digits that stand for the content: two images of one source that have the same digest are the
   * same, and a reference keeps its digest as long as what is behind it does not change. What has been fetched under a
   * digest is not fetched again.
   */
  readonly digest: string;
  /** In words, for people: `debian bookworm`. */
  readonly source: string;
}

/** What a source may use while it works. */
export interface ImageWork {
  /** Empty at first, of mode 0700, on the file system of the store; removed when the work is over, however it ends. */
  readonly directory: string;
  /** Aborted when nobody waits for the image any more. End soon then, leave nothing outside of `directory`, and throw. */
  readonly signal: AbortSignal;
  /** Descriptor of the lock of this work. A child process that is given it is waited for when the daemon was killed. */
  readonly lockFd: number;
  progress(update: Progress): void;
  /** Makes a folder under the system's temporary one that other users can enter but not list; removed like `directory`. */
  scratch(): Promise<string>;
}

/** A root file system, in any of these ways. A tar may be plain, or packed with gzip, zstd or xz. */
export type ImageContent = { readonly config?: ImageConfig } & (
  | {
      /** Absolute path of a tar. Only read, and where it lies in `work.directory` removed with it. */
      readonly tar: string;
    }
  | {
      /** The bytes of a tar, read once at the pace of the disk. What it throws fails the pull. */
      readonly stream: AsyncIterable<Uint8Array>;
    }
  | {
      /** A program that writes a tar to its stdout; exit code 0 says that it is whole. Killed when the work is aborted. */
      readonly program: string;
      readonly args: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      /** Turns a line of its stderr into progress. */
      readonly onLine?: (line: string) => Progress | undefined;
    }
  | {
      /** Absolute path of a folder below `work.directory` that is the root. All in it becomes root's; modes are kept. */
      readonly folder: string;
      /** When everything in it was last changed, in seconds since the epoch; 0 when absent. */
      readonly modified?: number;
    }
  | {
      /**
       * Absolute path below `work.directory` of a raw disk: an ext4 from its first byte on, without partitions. It is checked,
       * and becomes the image as it is, of its own size.
       */
      readonly disk: string;
    }
  | {
      /**
       * Layers as container images have them, from the lowest to the uppermost, with their whiteouts
       * (https://github.com/opencontainers/image-spec/blob/main/layer.md).
       */
      readonly layers: readonly ImageLayer[];
    }
);

/** A layer of a container image. */
export interface ImageLayer {
  /** Absolute path of its tar, plain or packed with gzip, zstd or xz; it is seen by its first bytes. Only read. */
  readonly tar: string;
  /** The part of the file that is the layer, in bytes; all of it when either is absent. */
  readonly start?: number;
  readonly length?: number;
  /** `sha256:` and 64 hex digits of the layer as it is packed, which is checked; the pull fails when it is another. */
  readonly digest?: string;
  /** `sha256:` and 64 hex digits of the unpacked tar, which is checked; the pull fails when it is another. */
  readonly diffId?: string;
}
