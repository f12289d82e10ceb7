/** Blocks of a file that follow each other in it and on the disk. */
export interface Extent {
  /** Number of its first block in the file. */
  readonly logical: number;
  /** Number of its first block on the disk. */
  readonly physical: number;
  readonly blocks: number;
}

/** Where the content of a file is on the disk. */
export interface FileContent {
  /** In bytes, with its holes. */
  readonly size: number;
  /** Ascending; what none of them covers is a hole. */
  readonly extents: readonly Extent[];
}
