/** Prints an error with all that it wraps: Node shows neither half of a SuppressedError. */
export function reportError(error: unknown): void {
  if (error instanceof SuppressedError) {
    reportError(error.suppressed);
    console.error('while cleaning up after that:');
    reportError(error.error);
  } else {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  }
}
