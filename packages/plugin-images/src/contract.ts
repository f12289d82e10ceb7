import type { ImageConfig, OperationMethods, Progress } from '@nook/daemonapi';
import type { PruneRequest } from './store/keeper.ts';
import type { Pruned } from './store/prune.ts';
import type { PrunedBlobs } from './store/prune-blobs.ts';

/** An image that is in the store. */
export interface ImageInfo {
  /** The name it was asked by; its digest when no name points at it. */
  name: string;
  /** `sha256:` and 64 hex digits, over the root file system's tar, the virtual size and the format of the disk. */
  digest: string;
  /** Absolute path of the raw ext4: immutable, read-only by mode, sparse, without a partition table. */
  path: string;
  /** Virtual size in bytes. */
  size_bytes: number;
  /** Where it came from, in words: `debian bookworm`, `import root.tar.gz`. */
  source: string;
  /** Milliseconds since the Unix epoch. */
  created_at: number;
  config: ImageConfig;
  /** Absolute path of the user's own file that a registered image is, and `path` a link to; absent where the store has it. */
  registered_path?: string | undefined;
}

/** A kernel that is in the store. */
export interface KernelInfo {
  name: string;
  /** `sha256:` and 64 hex digits: of the file or package that it was taken from, and of what the user brought to it. */
  digest: string;
  /** As `uname -r` says it in the guest, e.g. `6.1.0-30-cloud-amd64`. */
  release: string;
  /** Version of the package; else as `uname -v` says it in the guest. */
  version: string;
  /** Where it came from, in words: `linux-image-6.1.0-30-cloud-amd64 6.1.124-1`, `import bzImage`. */
  source: string;
  /** Absolute path of the uncompressed ELF, which carries the PVH note. */
  vmlinux: string;
  /** Absolute path of `…/lib/modules/RELEASE`. */
  modules: string;
  /** Absolute path of an archive that the kernel unpacks before nook's own. */
  initrd: string | null;
}

export interface EnsureOptions {
  /** Gives up waiting; the work itself ends when nobody waits for it any more. */
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

export interface ImagesCapability {
  /**
   * Answers the image, pulling it first when the store lacks it. Calls for one name share one pull.
   * @throws NookError `not_found` (no such image or catalog entry), `unavailable` (no apt source, program or space),
   *   `operation_failed` (a program failed), `cancelled`, `timeout` (another process's pull took too long)
   */
  ensure(reference: string, options: EnsureOptions): Promise<ImageInfo>;
  /**
   * Looks whether a registered image is still what it was; others are.
   * @throws NookError `conflict` when its file has changed or is gone
   */
  verify(digest: string, signal: AbortSignal): Promise<void>;
  /** The image of that name or digest when the store has it. */
  get(reference: string): ImageInfo | undefined;
  /** Name of the image that is meant when none is given. */
  defaultImage(): string;
}

export interface KernelsCapability {
  /** As {@link ImagesCapability.ensure}; without a reference, the default kernel. */
  ensure(reference: string | undefined, options: EnsureOptions): Promise<KernelInfo>;
  /** The kernel of that name or digest (default: the default kernel) when the store has it. */
  get(reference?: string): KernelInfo | undefined;
}

/** `ready`: in the store. `available`: in the catalog, pulled when first used. */
export type StoreState = 'ready' | 'available';

export interface ImageRow {
  name: string;
  state: StoreState;
  /** Whether it is the image that is meant when none is given. */
  default: boolean;
  summary: string;
  /** Of a name of the catalog: where it can be pulled from, best first. */
  sources: readonly string[];
  digest: string | null;
  size_bytes: number | null;
  /** Bytes that it takes on the disk. */
  disk_bytes: number | null;
  created_at: number | null;
}

export interface KernelRow {
  name: string;
  state: StoreState;
  default: boolean;
  summary: string;
  digest: string | null;
  release: string | null;
  version: string | null;
  created_at: number | null;
}

type Removed = {
  name: string;
  digest: string /** The content is gone too: no other name points at it. */;
  deleted: boolean;
};

declare module '@nook/daemonapi' {
  interface Provides {
    images: ImagesCapability;
    kernels: KernelsCapability;
  }
  interface Needs {
    images: {
      vms?: { imageUsers(digest: string): readonly string[]; kernelUsers(digest: string): readonly string[] };
    };
  }
  interface RpcMethods
    extends OperationMethods<'image.pull', ImagePull, ImageInfo>,
      OperationMethods<'image.import', ImageImport, ImageInfo>,
      OperationMethods<'image.export', ImageExport, ImageExported>,
      OperationMethods<'image.register', ImageRegister, ImageInfo>,
      OperationMethods<'image.promote', { readonly reference: string }, ImageInfo>,
      OperationMethods<'kernel.pull', KernelPull, KernelInfo>,
      OperationMethods<'kernel.import', KernelImport, KernelInfo> {
    'image.list': { params: ImageList; result: ImageRow[] };
    'image.show': { params: { reference: string }; result: ImageInfo };
    'image.rm': { params: { reference: string }; result: Removed };
    'image.prune': { params: PruneRequest; result: ImagesPruned };
    'kernel.prune': { params: PruneRequest; result: Pruned };
    'kernel.list': { params: KernelList; result: KernelRow[] };
    'kernel.show': { params: { reference?: string | undefined }; result: KernelInfo };
    'kernel.rm': { params: { reference: string }; result: Removed };
  }
}

interface ImagePull {
  /** A name of the catalog, or what a source claims: `SCHEME:…`. */
  readonly reference: string;
  /** The reference itself where it can be a name, else made of it. */
  readonly name?: string | undefined;
  /** Builds anew and moves the name; the older content stays under its digest. */
  readonly force?: boolean | undefined;
}

interface ImageImport {
  /** Absolute, and read by the daemon. What it is, its content tells. */
  readonly path: string;
  /** Made of the path when absent. */
  readonly name?: string | undefined;
  /** Of several images in one archive or layout the one that is meant: a tag, or a name with its tag. */
  readonly ref?: string | undefined;
}

/**
 * `oci-layout` and `docker-archive` are container images of one layer, with the image's configuration; `tar` is its root
 * file system, `qcow2` its disk.
 */
export type ExportFormat = 'oci-layout' | 'docker-archive' | 'tar' | 'qcow2';

interface ImageExport {
  readonly reference: string;
  readonly format: ExportFormat;
  /** Absolute, and not there yet. An OCI layout is a folder, or a tar of one when this ends with `.tar`. */
  readonly path: string;
}

export interface ImageExported {
  path: string;
  format: ExportFormat;
  /** Of the file, or of all files in the folder. */
  bytes: number;
}

export interface ImagesPruned extends Pruned {
  /** Layers as registries sent them, kept so that the next image with the same ones comes sooner. */
  blobs: PrunedBlobs;
}

interface ImageRegister {
  /** Absolute: a raw disk that is one ext4. It stays the user's, and must not change as long as it is an image. */
  readonly path: string;
  /** Made of the path when absent. */
  readonly name?: string | undefined;
}

export interface KernelPull {
  /** A name of the catalog, or what a source claims: `https://HOST/vmlinux`. The default kernel when absent. */
  readonly reference?: string | undefined;
  /** What the kernel must be: 64 hex digits. URLs are not taken without. */
  readonly sha256?: string | undefined;
  /** The last part of a URL when absent, else as the reference. */
  readonly name?: string | undefined;
  /** Asks for a newer one and moves the name; VMs keep what they first booted. */
  readonly force?: boolean | undefined;
}

export interface KernelImport {
  /** A bzImage or a vmlinux. This and the other paths are absolute, and read by the daemon. */
  readonly path: string;
  /** `…/lib/modules/RELEASE`, or the folder that holds it. Absent: all that a VM needs is built in. */
  readonly modules?: string | undefined;
  /** A cpio archive, plain or packed, that the kernel unpacks before nook's own. */
  readonly initrd?: string | undefined;
  /** The last part of the path when absent. */
  readonly name?: string | undefined;
}

export interface ImageList {
  /** Only those of the catalog: what can be pulled by name, or has been. */
  readonly available?: boolean | undefined;
}

export interface KernelList {
  /** Only those of the catalog: what can be pulled by name, or has been. */
  readonly available?: boolean | undefined;
}
