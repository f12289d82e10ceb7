/** What Node says of an error of a connection: `fetch` wraps it, and registry errors wrap that. */
function codeOf(error: unknown): string {
  for (let at = error, depth = 0; depth < 4 && at instanceof Error; at = at.cause, depth += 1) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && at.name !== 'NookError') return code;
  }
  return '';
}

/** The certificate is not one to trust: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
export function isDistrusted(error: unknown): boolean {
  return /^CERT_|SELF_SIGNED|^UNABLE_TO_|^ERR_TLS_CERT|^HOSTNAME_MISMATCH$|^INVALID_CA$|^INVALID_PURPOSE$/.test(
    codeOf(error),
  );
}

/** What answers is something else than TLS. */
export function isOtherThanTls(error: unknown): boolean {
  return /^EPROTO$|^ERR_SSL_(?:WRONG_VERSION|PACKET_LENGTH|HTTP)/.test(codeOf(error));
}

/** Nobody there speaks TLS. */
export function isWithoutTls(error: unknown): boolean {
  return isOtherThanTls(error) || /^ECONNREFUSED$|^ECONNRESET$/.test(codeOf(error));
}

/** It would be no other the next time. */
export function isFinal(error: unknown): boolean {
  return isDistrusted(error) || /^ENOTFOUND$|^ERR_TLS|^ERR_SSL_|^EPROTO$/.test(codeOf(error));
}
