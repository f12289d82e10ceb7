import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import frames from '../vectors/frames.json' with { type: 'json' };
import { TestAgent } from './agent.fixture.ts';
import { FrameType } from './frame-type.ts';
import { encodeFrame } from './frames.ts';
import { encodeConfigure, encodeExec } from './host-messages.ts';

const setting = (name: string, otherwise: number) => Number(process.env[`NOOK_FUZZ_${name}`] ?? otherwise);
const SEED = setting('SEED', 4_271);
const RUNS = setting('RUNS', 1_500);
const SECONDS = setting('SECONDS', 10);

const fromGuest = ['CONFIGURED', 'EXEC_STARTED', 'EXEC_FAILED', 'EXIT', 'PONG', 'ERROR'];
const recorded = frames.filter(
  ({ type }) => type !== 'POWEROFF' && type !== 'EXEC' && type !== 'COPY' && !fromGuest.includes(type),
);
/** Frames near to real ones. No command but /bin/true can come out of it: its name is never mutated, nor is a path copied to. */
const NOT_AT_RANDOM: readonly number[] = [FrameType.EXEC, FrameType.COPY, FrameType.POWEROFF];
const types = Object.values(FrameType).filter((type) => !NOT_AT_RANDOM.includes(type));
const channel = fc.integer({ min: 0, max: 6 });
const stream = fc.integer({ min: 0, max: 3 });

interface Damage {
  readonly at: number;
  readonly byte: number;
  readonly cut: number;
  readonly more: Uint8Array;
}
const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  byte: fc.nat(255),
  cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(40)),
  more: fc.uint8Array({ maxLength: 12 }),
});

function damaged(payload: Buffer, { at, byte, cut, more }: Damage): Buffer {
  const bytes = Buffer.from(payload.subarray(0, Math.max(0, payload.length - cut)));
  if (bytes.length > 0) bytes[at % bytes.length] = byte;
  return Buffer.concat([bytes, more]);
}

const anyFrame = fc
  .tuple(fc.constantFrom(...types, 0, 99, 255), channel, stream, fc.uint8Array({ maxLength: 80 }))
  .map(([type, number, which, payload]) => encodeFrame(type, number, which, payload));
const nearlyRecorded = fc.tuple(fc.constantFrom(...recorded), damage).map(([frame, change]) => {
  const type = FrameType[frame.type as keyof typeof FrameType];
  return encodeFrame(type, frame.channel, frame.stream, damaged(Buffer.from(frame.payload, 'hex'), change));
});
const exec = fc
  .tuple(channel, fc.boolean(), fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 0, max: 0xffff }))
  .map(([number, pty, tail, rows]) => {
    const payload = Buffer.concat([encodeExec({ argv: ['/bin/true'], pty, rows }), tail]);
    return encodeFrame(FrameType.EXEC, number, 0, payload);
  });
/** No damage of a few bytes makes a program out of this name. */
const absent = encodeExec({
  argv: ['/no/such/program/anywhere', 'argument'],
  env: { NAME: 'value' },
  cwd: '/tmp',
  user: '0:0',
  pty: true,
  rows: 24,
  columns: 80,
});
const nearlyExec = fc
  .tuple(channel, damage)
  .map(([number, change]) => encodeFrame(FrameType.EXEC, number, 0, damaged(absent, change)));
const configure = fc
  .tuple(fc.string({ maxLength: 70 }), fc.string({ maxLength: 20 }), fc.uint8Array({ maxLength: 10 }))
  .map(([hostname, address, tail]) => {
    const text = (value: string) => value.replaceAll('\0', '?');
    const payload = encodeConfigure({ hostname: text(hostname), address: text(address), gateway: text(address) });
    return encodeFrame(FrameType.CONFIGURE, 0, 0, Buffer.concat([payload, tail]));
  });
const burst = fc.array(
  fc.oneof({ weight: 3, arbitrary: anyFrame }, { weight: 3, arbitrary: nearlyRecorded }, exec, nearlyExec, configure),
  { maxLength: 60, size: 'max' },
);

describe('the agent under random input', { timeout: (SECONDS + 50) * 1000 }, () => {
  beforeAll(() => {
    process.stdout.write(`fuzzing the agent: NOOK_FUZZ_SEED=${SEED} NOOK_FUZZ_RUNS=${RUNS}\n`);
  });

  test('answers after any frames, and does not grow', async () => {
    await using agent = await TestAgent.start({ ASAN_OPTIONS: 'quarantine_size_mb=1' });
    let round = 0;
    let before = 0;
    await fc.assert(
      fc.asyncProperty(burst, async (sent) => {
        for (const frame of sent) agent.send(frame);
        const name = Buffer.from(`round ${round++}`);
        agent.send(encodeFrame(FrameType.PING, 0, 0, name));
        let payload: Buffer;
        do payload = (await agent.next(FrameType.PONG)).payload;
        while (!payload.equals(name));
        agent.control.length = 0;
        if (round === 20) before = agent.residentKilobytes();
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure: true, interruptAfterTimeLimit: SECONDS * 1000 },
    );
    expect(round).toBeGreaterThan(20);
    expect(agent.residentKilobytes() - before).toBeLessThan(16 * 1024);
  });

  test('ends clean after any bytes', async () => {
    // Small sizes and types, so that some of it passes for frames.
    const headers = fc.tuple(fc.nat(40), fc.nat(20), fc.nat(3)).map(([size, type, number]) => {
      return Buffer.concat([Buffer.of(size, 0, 0, 0, type, 0, 0, 0, number, 0, 0, 0), Buffer.alloc(size, type)]);
    });
    const broken = fc
      .tuple(fc.constantFrom(...recorded), damage)
      .map(([frame, change]) => damaged(Buffer.from(frame.hex, 'hex'), change));
    const garbage = fc.uint8Array({ minLength: 1, maxLength: 500 }).map((bytes) => Buffer.from(bytes));
    const input = fc.tuple(fc.array(fc.oneof(headers, broken)), garbage);
    for (const bytes of fc.sample(input, { seed: SEED, numRuns: 40 })) {
      await using agent = new TestAgent();
      expect((await agent.next(FrameType.HELLO)).type).toBe(FrameType.HELLO);
      agent.send(Buffer.concat(bytes.flat()));
    }
  });

  test('a connection cut inside a frame ends clean', async () => {
    const bytes = encodeFrame(FrameType.EXEC, 1, 0, encodeExec({ argv: ['true'] }));
    for (let length = 0; length < bytes.length; length += 3) {
      await using agent = await TestAgent.start();
      agent.send(bytes.subarray(0, length));
      expect(agent.descriptors()).toBeGreaterThan(3);
    }
  });
});
