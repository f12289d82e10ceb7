import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Readable } from 'node:stream';

interface UnverifiedRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

const WITHOUT_BODY = [204, 205, 304];

/** As `fetch`, which follows no redirect here, of an https server whose certificate is not looked at. */
export async function fetchUnverified(url: URL, { body, ...options }: UnverifiedRequest): Promise<Response> {
  const asking = request(url, { ...options, rejectUnauthorized: false });
  asking.end(body);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  // What befalls it from here on, its body tells.
  asking.on('error', () => {});
  const { statusCode: status = 502, headers } = answer;
  if (!WITHOUT_BODY.includes(status)) {
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers: plain(headers) });
  }
  answer.resume();
  return new Response(null, { status, headers: plain(headers) });
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  const single = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(single);
}
