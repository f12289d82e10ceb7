import type { ErrorCode, Progress } from '@nook/daemonapi';
import type { BundledImage } from '../bundle/bundle.ts';
import type { DiskFile } from '../disk/look-at-disk.ts';
import type { ExportRequest } from '../export/write-image.ts';
import type { KernelFacts } from '../kernel/write-vmlinux.ts';
import type { BlobPlaces } from '../registry/blob-store.ts';
import type { CredentialPlaces } from '../registry/credentials.ts';
import type { Descriptor } from '../registry/manifest.ts';
import type { Registries } from '../registry/registry-settings.ts';

/** Where the bytes of a root file system's tar come from. */
export type TarSource =
  | {
      readonly file: string;
      /** The part of it that is the tar; all of it when absent. */
      readonly part?: { readonly start: number; readonly length: number };
      /** `sha256:` and 64 hex digits of that as it is packed, to be checked. */
      readonly digest?: string;
    }
  | { readonly program: string; readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> };

export interface LayerInput {
  /** A tar, plain or compressed. */
  readonly source: TarSource;
  /** `sha256:` and 64 hex digits of the whole uncompressed tar, to be checked. */
  readonly diff_id?: string;
}

export interface FillRequest {
  /** From the lowest to the uppermost. */
  readonly layers: readonly LayerInput[];
  /** Layers of an image, with their whiteouts and all that the tools for images let into them; else one plain archive. */
  readonly whiteouts: boolean;
  /** Its ext4, which `mke2fs` has just made when it is filled. */
  readonly disk: string;
  readonly max_bytes: number;
  readonly max_entries: number;
}

export interface FillResult {
  /** Of the uncompressed tar up to its end mark; of several, over the digests of all. */
  readonly sha256: string;
  readonly entries: number;
  readonly bytes: number;
}

/** Makes an image's disk, alone in its folder: empty, filled, checked, and hashed. Works under a lock. */
export interface BuildJob extends FillRequest {
  readonly job: 'build';
  readonly size_bytes: number;
}

export interface BuildResult extends FillResult {
  /** Of the folder. */
  readonly content_sha256: string;
}

/** The worker looks credentials up itself: it is only told where. */
export interface DownloadJob {
  readonly job: 'download';
  readonly reference: string;
  readonly registries: Registries;
  readonly places: BlobPlaces;
  /** Where the layers are wanted, as `HEX`. */
  readonly into: string;
  readonly credentials: CredentialPlaces;
  readonly blobs: readonly Descriptor[];
}

/** Looks what a file or folder is that somebody wants to import. */
export interface InspectJob {
  readonly job: 'inspect';
  readonly path: string;
  /** Which image is meant where there are several. */
  readonly ref?: string;
  /** For what must be unpacked to be read. */
  readonly directory: string;
  readonly max_bytes: number;
}

/** `plain`: the tar of a root file system, or a folder that is one. */
export type Inspected =
  | { readonly kind: 'plain' }
  | ({ readonly kind: 'image' } & BundledImage)
  | { readonly kind: 'disk'; readonly disk: DiskFile };

interface ExportJob extends ExportRequest {
  readonly job: 'export';
}

/** Looks what is on a raw disk. */
interface DiskJob {
  readonly job: 'disk';
  readonly path: string;
}

/** A file of the web whose digest is known. */
export interface FetchJob {
  readonly job: 'fetch';
  readonly url: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Made by it. */
  readonly output: string;
  readonly max_bytes: number;
}

interface VmlinuxJob {
  readonly job: 'vmlinux';
  /** A bzImage, or an uncompressed ELF. */
  readonly image: string;
  readonly output: string;
}

interface HashJob {
  readonly job: 'hash';
  readonly directory: string;
  /** Whether links count as what they lead to. */
  readonly follow?: boolean;
}

interface HashResult {
  readonly sha256: string;
}

export type Job = BuildJob | DownloadJob | FetchJob | InspectJob | DiskJob | ExportJob | VmlinuxJob | HashJob;
export type JobResult<J extends Job> = J extends BuildJob
  ? BuildResult
  : J extends DownloadJob | FetchJob | ExportJob
    ? Record<string, never>
    : J extends InspectJob
      ? Inspected
      : J extends DiskJob
        ? DiskFile | null
        : J extends HashJob
          ? HashResult
          : KernelFacts;

/** What a worker writes to its stdout, one JSON object a line. */
export type WorkerLine =
  | { readonly progress: Progress }
  /** A line that the source program wrote to its stderr. */
  | { readonly note: string }
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint?: string } };
