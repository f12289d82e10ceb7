import { NookError } from '@nook/daemonapi';
import type { GuestChannel } from './guest-channel.ts';
import type { SessionPeer } from './session.ts';

/** An agent answers in milliseconds, under emulation in tens of them; one that does not is stuck. */
const ANSWER_MS = 2_000;
/** One window: more was never credited. */
const MAX_ANSWER = 262_144;
const SIGKILL = 9;

/**
 * Asks the agent something that it answers from a child of its own (STATS, LISTENERS).
 * @throws NookError `timeout`, `unavailable` when the machine ends first, `operation_failed`
 */
export function inquire(guest: GuestChannel, type: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const answer: Buffer[] = [];
    let size = 0;
    const peer: SessionPeer = guest.inquire(type, {
      started: () => {},
      stdinCredited: () => {},
      output: (stream, bytes) => {
        size += bytes.length;
        if (stream === 1 && size <= MAX_ANSWER) answer.push(Buffer.from(bytes));
      },
      finish: (end) => {
        clearTimeout(late);
        if ('code' in end && end.code === 0) resolve(Buffer.concat(answer));
        else if ('lost' in end) reject(new NookError('unavailable', `The guest did not answer: ${end.lost}.`));
        else reject(new NookError('operation_failed', `The guest could not answer: ${JSON.stringify(end)}.`));
      },
    });
    const late = setTimeout(() => {
      peer.signal(SIGKILL);
      reject(new NookError('timeout', `The guest did not answer within ${ANSWER_MS / 1000} s.`));
    }, ANSWER_MS).unref();
  });
}
