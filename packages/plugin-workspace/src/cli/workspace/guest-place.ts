import { randomBytes } from 'node:crypto';
import { createInterface, type Interface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type CliContext, NookError } from '@nook/daemonapi';
import { PLACE_SCRIPT } from './guest-scripts.ts';

/**
 * The place in a guest that a copy is to have, kept by one shell for as long as the copy takes: a start of anything in a guest
 * costs more than all that this does. What was there comes back when this client goes before the copy is whole.
 */
export class GuestPlace implements AsyncDisposable {
  readonly #vm: string;
  readonly #input: PassThrough;
  readonly #lines: AsyncIterator<string>;
  readonly #over: Promise<number>;
  #said: Promise<string>;
  /** Something is there. */
  taken = false;
  hasGit = false;

  private constructor(
    vm: string,
    shell: { input: PassThrough; lines: Interface; said: Promise<string>; over: Promise<number> },
  ) {
    this.#vm = vm;
    this.#input = shell.input;
    this.#lines = shell.lines[Symbol.asyncIterator]();
    this.#said = shell.said;
    this.#over = shell.over;
  }

  /** @throws NookError as `vm exec` does, `operation_failed` for a guest without a shell */
  static async look(context: CliContext, vm: string, path: string): Promise<GuestPlace> {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const aside = `${path}.nook-${randomBytes(4).toString('hex')}`;
    const words = ['vm', 'exec', '--attendant', '--on-disconnect', 'kill', '--workdir', '/', vm, '--'];
    const [lines, said] = [createInterface({ input: stdout }), text(stderr)];
    const over = context
      .run([...words, 'sh', '-c', PLACE_SCRIPT, 'nook', path, aside], { stdin, stdout, stderr })
      .finally(() => {
        stdout.end();
        stderr.end();
      });
    over.catch(() => {});
    const place = new GuestPlace(vm, { input: stdin, lines, said, over });
    const [there, git] = (await place.#answer('Looking for its place')).split(' ');
    place.taken = there === 'taken';
    place.hasGit = git === 'git';
    return place;
  }

  /** Puts aside what is there, and makes the folders above. */
  async clear(): Promise<void> {
    this.#input.write('clear\n');
    await this.#answer('Making place');
  }

  /** The copy is whole: what it replaces goes. */
  async settle(): Promise<void> {
    this.#input.end('settle\n');
    await this.#over;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.end();
    await this.#over.catch(() => {});
  }

  async #answer(what: string): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (!done) return value;
    await this.#over;
    const said = (await this.#said).trim().replace(/\p{C}/gu, ' ');
    throw new NookError('operation_failed', `${what} failed in VM '${this.#vm}': ${said || 'its shell ended'}.`);
  }
}
