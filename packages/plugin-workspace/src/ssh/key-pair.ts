import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';

const TYPE = 'ssh-ed25519';
/** What comes before the 32 bytes of a seed in PKCS #8 (RFC 8410, section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** OpenSSH's PROTOCOL.key pads to the block size of no cipher at all. */
const BLOCK = 8;

/** An ed25519 key as OpenSSH writes it. */
export interface KeyPair {
  /** `ssh-ed25519 BASE64`, without a comment. */
  readonly publicKey: string;
  /** The private key's file: PEM of openssh-key-v1 (OpenSSH's PROTOCOL.key), without a passphrase. */
  readonly privateFile: string;
}

/** @param seed 32 bytes, of which the key is made */
export function keyPair(seed: Buffer, comment: string): KeyPair {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const point = pointOf(secret);
  const blob = Buffer.concat([text(TYPE), text(point)]);
  return { publicKey: `${TYPE} ${blob.toString('base64')}`, privateFile: privateFile(seed, point, { blob, comment }) };
}

function pointOf(secret: KeyObject): Buffer {
  return Buffer.from(secret.export({ format: 'jwk' }).x as string, 'base64url');
}

function privateFile(seed: Buffer, point: Buffer, { blob, comment }: { blob: Buffer; comment: string }): string {
  const check = randomBytes(4);
  const key = [text(TYPE), text(point), text(Buffer.concat([seed, point])), text(comment)];
  const secret = Buffer.concat([check, check, ...key]);
  const padding = Buffer.from(
    Array.from({ length: (BLOCK - (secret.length % BLOCK)) % BLOCK }, (_, index) => index + 1),
  );
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[text('none'), text('none'), text(''), number(1), text(blob)],
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
