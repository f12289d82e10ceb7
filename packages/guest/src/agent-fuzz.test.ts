import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TestAgent } from './agent.fixture.ts';
import { FrameType } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { encodeConfigure, encodeExec } from './host-messages.ts';

/** Frames near to real ones. No command but /bin/true can come out of it: its name is never mutated, nor is a path copied to. */
const NOT_AT_RANDOM: readonly number[] = [FrameType.EXEC, FrameType.COPY, FrameType.POWEROFF];
const types = Object.values(FrameType).filter((type) => !NOT_AT_RANDOM.includes(type));
const channel = fc.integer({ min: 0, max: 6 });
const anyFrame = fc
  .tuple(
    fc.constantFrom(...types, 0, 99, 255),
    channel,
    fc.integer({ min: 0, max: 3 }),
    fc.uint8Array({ maxLength: 80 }),
  )
  .map(([type, number, stream, payload]) => encodeFrame(type, number, stream, payload));
const exec = fc
  .tuple(channel, fc.boolean(), fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 0, max: 0xffff }))
  .map(([number, pty, tail, rows]) => {
    const payload = Buffer.concat([encodeExec({ argv: ['/bin/true'], pty, rows }), tail]);
    return encodeFrame(FrameType.EXEC, number, 0, payload);
  });
const configure = fc
  .tuple(fc.string({ maxLength: 70 }), fc.string({ maxLength: 20 }), fc.uint8Array({ maxLength: 10 }))
  .map(([hostname, address, tail]) => {
    const text = (value: string) => value.replaceAll('\0', '?');
    const payload = encodeConfigure({ hostname: text(hostname), address: text(address), gateway: text(address) });
    return encodeFrame(FrameType.CONFIGURE, 0, 0, Buffer.concat([payload, tail]));
  });
const frames = fc.array(fc.oneof({ weight: 4, arbitrary: anyFrame }, exec, configure), { maxLength: 60 });

describe('the agent under random input', () => {
  test('answers after any frames', { timeout: 60_000 }, async () => {
    await using agent = await TestAgent.start();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(frames, async (burst) => {
        for (const frame of burst) agent.send(frame);
        const name = Buffer.from(`round ${round++}`);
        agent.send(encodeFrame(FrameType.PING, 0, 0, name));
        let payload: Buffer;
        do payload = (await agent.next(FrameType.PONG)).payload;
        while (!payload.equals(name));
        agent.control.length = 0;
      }),
      { numRuns: 150, interruptAfterTimeLimit: 8000 },
    );
    expect(round).toBeGreaterThan(0);
  });

  test('ends clean after any bytes', { timeout: 60_000 }, async () => {
    // Small sizes and types, so that some of it passes for frames.
    const headers = fc.tuple(fc.nat(40), fc.nat(20), fc.nat(3)).map(([size, type, number]) => {
      return Buffer.concat([Buffer.of(size, 0, 0, 0, type, 0, 0, 0, number, 0, 0, 0), Buffer.alloc(size, type)]);
    });
    const garbage = fc.uint8Array({ minLength: 1, maxLength: 500 }).map((bytes) => Buffer.from(bytes));
    for (const bytes of fc.sample(fc.tuple(fc.array(headers), garbage), 25)) {
      await using agent = new TestAgent();
      expect((await agent.next(FrameType.HELLO)).type).toBe(FrameType.HELLO);
      agent.send(Buffer.concat(bytes.flat()));
    }
  });

  test('a connection cut inside a frame ends clean', { timeout: 60_000 }, async () => {
    const bytes = encodeFrame(FrameType.EXEC, 1, 0, encodeExec({ argv: ['true'] }));
    for (let length = 0; length < bytes.length; length += 3) {
      await using agent = await TestAgent.start();
      agent.send(bytes.subarray(0, length));
      expect(agent.descriptors()).toBeGreaterThan(3);
    }
  });
});
