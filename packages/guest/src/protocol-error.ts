/** Bytes that are no frame or no fields of docs/guest-protocol.md. After one from a {@link FrameParser} the stream is lost. */
export class GuestProtocolError extends Error {
  override readonly name = 'GuestProtocolError';
  readonly code: 'oversized' | 'invalid';

  constructor(code: 'oversized' | 'invalid', message: string) {
    super(message);
    this.code = code;
  }
}
