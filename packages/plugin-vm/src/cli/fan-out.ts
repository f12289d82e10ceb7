import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { CliContext } from '@nook/daemonapi';

type Handler = Parameters<CliContext['onSignal']>[0];

/** One command's stdio for several sessions at once. */
export interface Fan extends Disposable {
  /** Aborted by a signal that the sessions were sent: what has not begun is not to begin. */
  readonly interrupted: AbortSignal;
  /** A context whose output comes line by line under a name; disposed of, what is left of it is written. */
  under(name: string): { readonly context: CliContext } & AsyncDisposable;
}

/** Signals go to all sessions, and none of them reads stdin. */
export function fanOut(context: CliContext): Fan {
  const handlers = new Set<Handler>();
  const interruption = new AbortController();
  let taken: Disposable | undefined;
  const onSignal: CliContext['onSignal'] = (handler) => {
    taken ??= context.onSignal((signal) => {
      for (const each of handlers) each(signal);
      interruption.abort();
    });
    handlers.add(handler);
    return { [Symbol.dispose]: () => handlers.delete(handler) };
  };
  return {
    interrupted: interruption.signal,
    under(name) {
      const stdout = new PrefixedLines(name, context.stdout);
      const stderr = new PrefixedLines(name, context.stderr);
      const own = Object.create(context, {
        stdin: { value: new PassThrough().end() },
        stdout: { value: stdout },
        stderr: { value: stderr },
        onSignal: { value: onSignal },
        out: { value: { ...context.out, note: (text: string) => context.out.note(`${name} | ${text}`) } },
      }) as CliContext;
      const finish = async () => {
        await Promise.all([stdout, stderr].map((stream) => once(stream.end(), 'finish')));
      };
      return { context: own, [Symbol.asyncDispose]: finish };
    },
    [Symbol.dispose]: () => taken?.[Symbol.dispose](),
  };
}

/** As long as a line may be that waits for its end. */
const MAX_LINE = 65_536;

/** Writes each line whole, with a name before it. */
export class PrefixedLines extends Writable {
  readonly #prefix: string;
  readonly #to: NodeJS.WritableStream;
  readonly #decoder = new StringDecoder();
  #rest = '';

  constructor(name: string, to: NodeJS.WritableStream) {
    super();
    this.#prefix = `${name} | `;
    this.#to = to;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    this.#put(lines, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    const rest = this.#rest + this.#decoder.end();
    this.#put(rest === '' ? [] : [rest], done);
  }

  #put(lines: readonly string[], done: (error?: Error | null) => void): void {
    if (lines.length === 0) done();
    else this.#to.write(lines.map((line) => `${this.#prefix}${line}\n`).join(''), (error) => done(error));
  }
}
