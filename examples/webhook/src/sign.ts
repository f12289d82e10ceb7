import { createHmac } from 'node:crypto';

/**
 * The headers that prove where a delivery comes from: HMAC-SHA256 over `TIMESTAMP.BODY`. The timestamp, in seconds
 * since the Unix epoch, lets a receiver refuse what somebody recorded and sends again.
 */
export function signatureHeaders(secret: string, body: string, nowMs: number): Record<string, string> {
  const timestamp = Math.floor(nowMs / 1000).toString();
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-nook-timestamp': timestamp, 'x-nook-signature': `sha256=${signature}` };
}
