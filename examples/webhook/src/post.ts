import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** As much of an answer as is read; what a receiver says is of no interest here. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Posts over one connection, which is kept for the next time. */
export class Poster {
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 1 });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 1 });

  /** @returns the status of the answer; redirects are not followed. @throws the error of the connection, or the signal's reason */
  post({ url, headers, body, signal }: Post): Promise<number> {
    const secure = url.protocol === 'https:';
    const options = { method: 'POST', headers, signal, agent: secure ? this.#https : this.#http };
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) response.destroy();
        });
        // Destroyed by us, or cut off after the status: the answer was given.
        response.on('error', () => {});
        response.once('close', () => {
          if (signal.aborted) reject(signal.reason);
          else resolve(response.statusCode ?? 0);
        });
      });
      request.once('error', (error) => reject(signal.aborted ? signal.reason : error));
      request.end(body);
    });
  }

  /** Closes the connection that was kept. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
