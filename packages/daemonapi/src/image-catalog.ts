/**
 * An image that goes by a plain name, and where it comes from; contributed to `image.catalog`. What the user's own catalog
 * says of a name goes before it, and it goes before what nook itself says.
 */
export interface CatalogEntry {
  /** Lower-case letters, digits, dots, underscores and dashes, beginning with a letter or digit; 63 at most. */
  readonly name: string;
  /** One line for the list of images. */
  readonly summary: string;
  /**
   * References that image sources claim, in order of preference, at least one: `debian:bookworm`,
   * `docker.io/library/debian:bookworm`. One that cannot be reached is passed over for the next, and the user is told.
   */
  readonly sources: readonly string[];
}
