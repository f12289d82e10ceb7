import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the receiver does with a request: a status, nothing at all, or an end of the connection. */
export type Answer = number | 'hang' | 'reset';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
}

/** A real HTTP server that answers as it is told and keeps what came. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #answers: Answer[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #always: Answer;

  static async create(always: Answer = 200, port = 0): Promise<Receiver> {
    const receiver = new Receiver(always);
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  private constructor(always: Answer) {
    this.#always = always;
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const answer = this.#answers.shift() ?? this.#always;
      this.received.push({ headers: request.headers, body, path: request.url ?? '' });
      if (answer === 'reset') request.socket.destroy();
      else if (answer !== 'hang') response.writeHead(answer).end('thanks');
      for (const { count, resolve } of this.#waiting) if (this.received.length >= count) resolve();
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** The next requests get these, those after them `always`. */
  answer(answers: readonly Answer[], always = this.#always): void {
    this.#answers.push(...answers);
    this.#always = always;
  }

  /** Resolves when so many requests have come. @throws when they have not in time */
  async until(count: number, timeoutMs = 5000): Promise<readonly Received[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = () => reject(new Error(`${this.received.length} requests have come, not ${count}`));
    const timer = setTimeout(late, timeoutMs);
    if (this.received.length >= count) resolve();
    this.#waiting.push({ count, resolve });
    await promise.finally(() => clearTimeout(timer));
    return this.received;
  }

  /** What the bodies say, in the order in which they came. */
  get numbers(): number[] {
    return this.received.map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
