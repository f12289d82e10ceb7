import { NookError } from '@nook/daemonapi';
import type { Configure } from '@nook/guest';
import type { GuestChannel } from './guest-channel.ts';

const ANSWER_MS = 4_000;

/** What a guest in use is told anew, one thing after the other. */
export class Reconfiguration {
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws NookError `operation_failed` as the guest says, `timeout` when it says nothing */
  ask(guest: GuestChannel, configure: Configure, timeoutMs = ANSWER_MS): Promise<void> {
    const asked = this.#turn.then(() => within(timeoutMs, guest.reconfigure(configure)));
    this.#turn = asked.catch(() => {});
    return asked;
  }
}

async function within(timeoutMs: number, answer: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NookError('timeout', `The guest's agent did not answer within ${timeoutMs / 1000} s.`));
    }, timeoutMs);
  });
  await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
