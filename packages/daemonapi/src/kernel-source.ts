import type { ImageWork } from './image-source.ts';

/**
 * Where kernels come from; contributed to `kernel.source`. Whoever keeps kernels asks it what a reference means, then for
 * the files behind it, and makes of them what machines boot: the uncompressed kernel, its modules, and what it unpacks first.
 * Called at any time from the end of `setup`, also for several references at once.
 */
export interface KernelSource {
  /** Unique among all kernel sources: lower-case letters, digits and dashes. */
  readonly name: string;
  /**
   * What the references begin with that are this source's, without the colon: `acme` claims `acme:6.12`. Lower-case
   * letters, digits, `+`, `-` and `.`, beginning with a letter, at least two. Claimed by no other kernel source.
   */
  readonly schemes: readonly string[];
  /** Kernels that are this source's by a plain name, and are listed as ready to be pulled. Named by no other source. */
  readonly catalog?: readonly CatalogKernel[];
  /**
   * Says what a reference means now. May ask the network and fetch an index; the bulk is for {@link fetch}.
   * @param reference as the user gave it, with its scheme; or a name of the catalog. It may hold anything at all. Where the
   *   user said which content it must have, `#sha256=` and 64 hex digits follow
   * @param work as image sources have it
   * @throws NookError `bad_params` when it makes no sense, `not_found` when there is no such kernel, `unavailable` when that
   *   cannot be found out, with a hint for the user; the signal's reason when that was aborted
   */
  resolve(reference: string, work: ImageWork): Promise<ResolvedKernel>;
  /**
   * Brings the files. They must be what {@link ResolvedKernel.digest} promised.
   * @param kernel as {@link resolve} answered it, with the same `work.directory` as then
   * @throws NookError as {@link resolve}
   */
  fetch(kernel: ResolvedKernel, work: ImageWork): Promise<KernelContent>;
}

export interface CatalogKernel {
  /** Lower-case letters, digits, dots, underscores and dashes, beginning with a letter or digit; 63 at most. */
  readonly name: string;
  /** One line for the list of kernels. */
  readonly summary: string;
}

/** What a reference meant when it was asked. A source may keep more in it for its own `fetch`. */
export interface ResolvedKernel {
  /**
   * `sha256:` and 64 hex digits that stand for the content, whichever source brings it: kernels of one digest are the same.
   * What has been fetched under a digest is not fetched again.
   */
  readonly digest: string;
  /** In words, for people: `linux-image-cloud-amd64 6.1.192-3`. */
  readonly source: string;
}

/** The files of a kernel. Only read; what lies in `work.directory` may also be moved away. */
export interface KernelContent {
  /**
   * Absolute path of a bzImage (https://www.kernel.org/doc/html/latest/arch/x86/boot.html), or of a 64-bit ELF `vmlinux`;
   * of either, the uncompressed kernel must carry the PVH entry note (`CONFIG_PVH`).
   */
  readonly image: string;
  /**
   * Absolute path of the folder that holds its modules, as `make modules_install` leaves them in `lib/modules/RELEASE`:
   * plain, or packed with gzip, zstd or xz. Absent where all that a machine needs is built in.
   */
  readonly modules?: string;
  /** Absolute path of a cpio archive, plain or packed, that the kernel unpacks before nook's own, whose files win. */
  readonly initrd?: string;
  /** For people; what the kernel says of itself (`uname -v`) when absent. */
  readonly version?: string;
}
