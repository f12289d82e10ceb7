/** An initramfs that cannot be built: a sentence, and what to do about it. */
export class InitramfsError extends Error {
  override readonly name = 'InitramfsError';
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
