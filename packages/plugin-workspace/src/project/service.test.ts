import { type Logger, NookError } from '@nook/daemonapi';
import { expect, test, vi } from 'vitest';
import type { ServiceDefinition, SessionsNeed } from './project-contract.ts';
import { NEW_RUN, Service } from './service.ts';
import type { ServiceRecord, ServiceRecords } from './service-records.ts';

const DEFINITION: ServiceDefinition = {
  ...{ argv: ['serve'], env: [], restart: 'on-failure', stop_signal: 'TERM', grace_ms: 1_000, secrets: [] },
};
const log = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Logger;

/** A guest whose commands end when the test says so. */
class Guest implements SessionsNeed {
  readonly started: string[] = [];
  readonly signals: string[] = [];
  readonly sessions = new Map<string, PromiseWithResolvers<{ exit_code?: number; ended_at: number }>>();
  hasSecrets = true;
  ignored = '';
  readonly #keys = new Map<string, string>();

  startSession: SessionsNeed['startSession'] = async (_id, { argv = [], key = '' }) => {
    const begun = this.#keys.get(key);
    if (begun !== undefined) return { session: begun.slice(1), token: begun };
    const token = `t${this.sessions.size + 1}`;
    if (key !== '') this.#keys.set(key, token);
    const ended = Promise.withResolvers<{ exit_code?: number; ended_at: number }>();
    this.sessions.set(token, ended);
    if (argv[0] === 'sh') ended.resolve({ exit_code: this.hasSecrets ? 0 : 1, ended_at: 0 });
    else this.started.push(token);
    return { session: token.slice(1), token };
  };
  sessionEnd: SessionsNeed['sessionEnd'] = async (_id, { token }, { signal }) => {
    const session = this.sessions.get(token);
    if (!session) throw new NookError('not_found', `no ${token}`);
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => aborted.reject(signal.reason));
    return Promise.race([session.promise, aborted.promise]);
  };
  signalSession: SessionsNeed['signalSession'] = async (_id, { token }, signal) => {
    this.signals.push(signal);
    if (signal !== this.ignored) this.end(token, 143);
  };
  /** Long ago, so that what follows is due at once. */
  end(token: string, exit_code: number | undefined): void {
    this.sessions.get(token)?.resolve({ ended_at: 0, ...(exit_code === undefined ? {} : { exit_code }) });
  }
}

function made(guest: Guest, record: Partial<ServiceRecord> = {}) {
  const kept: ServiceRecord[] = [];
  const records = { set: (each: ServiceRecord) => kept.push(each) } as unknown as ServiceRecords;
  const clock = { now: () => 1_000_000, monotonic: () => 0 };
  const given = { vm: 'a1', name: 'app', definition: DEFINITION, run: NEW_RUN, ...record };
  return {
    service: new Service(given, { vms: guest, records, clock, log }),
    kept,
    last: () => kept.at(-1) as ServiceRecord,
  };
}

const becomes = (service: Service, state: string, started: () => number, times: number) =>
  vi.waitFor(() => expect([service.run.state, started()]).toEqual([state, times]));

test('one that fails begins again, one that is done does not, and nobody begins it twice', async () => {
  const guest = new Guest();
  const { service } = made(guest);
  await Promise.all([service.begin('op-a'), service.begin('op-b')]);
  expect(guest.started).toEqual(['t1']);
  guest.end('t1', 3);
  await becomes(service, 'running', () => guest.started.length, 2);
  expect(service.run).toMatchObject({ restarts: 1, exit_code: 3, session: { token: 't2' }, earlier: ['1'] });
  guest.end('t2', 0);
  await becomes(service, 'exited', () => guest.started.length, 2);
  await service.begin('op-c');
  expect(guest.started).toHaveLength(2);
  service.close();
});

test('another daemon goes on with the session that it finds, and sees an end that came meanwhile', async () => {
  const guest = new Guest();
  const { service, last } = made(guest);
  await service.begin('op-a');
  service.close();
  guest.end('t1', 1);
  const second = made(guest, { run: last().run }).service;
  await second.reach('op-b', false);
  await becomes(second, 'running', () => guest.started.length, 2);
  expect(second.run.restarts).toBe(1);
  // Another boot has other sessions, and nothing runs in it.
  second.close();
  guest.sessions.clear();
  const third = made(guest, { run: second.run }).service;
  await third.reach('op-c', true);
  expect(third.run).toMatchObject({ state: 'running', restarts: 0, earlier: [] });
  third.close();
});

test('it is asked to end, and stays so; the end of the VM is no end of it', async () => {
  const guest = new Guest();
  const { service } = made(guest, { definition: { ...DEFINITION, restart: 'always', stop_signal: 'INT' } });
  await service.begin('op-a');
  guest.end('t1', undefined);
  await service.stop('op-b');
  expect([service.run.state, guest.signals, guest.started.length]).toEqual(['stopped', ['INT'], 1]);
  await service.begin('op-c');
  guest.end('t2', undefined);
  await service.begin('op-d');
  expect([service.run.state, guest.started.length]).toEqual(['running', 2]);
  service.close();
});

test('without its secrets it waits until somebody begins it', async () => {
  const guest = new Guest();
  guest.hasSecrets = false;
  const { service } = made(guest, { definition: { ...DEFINITION, secrets: ['token'] } });
  await service.begin('op-a');
  expect(service.run).toMatchObject({ state: 'waiting', reason: expect.stringContaining('nook up') });
  guest.hasSecrets = true;
  await service.begin('op-b');
  expect(service.run.state).toBe('running');
  service.close();
});

test('a daemon that died before it wrote down what it began finds it again', async () => {
  const guest = new Guest();
  const { service, kept } = made(guest);
  await service.begin('op-a');
  service.close();
  const begun = kept.find(({ run }) => run.state === 'starting');
  const second = made(guest, { run: begun?.run as ServiceRecord['run'] }).service;
  await second.reach('op-b', false);
  expect([second.run.state, second.run.session?.token, guest.started]).toEqual(['running', 't1', ['t1']]);
  second.close();
});

test('a run that takes too long has failed; one that ignores its signal is killed after its grace period', async () => {
  const guest = new Guest();
  guest.ignored = 'TERM';
  const definition = { ...DEFINITION, grace_ms: 1, timeout_ms: 1 };
  const { service } = made(guest, { definition });
  await service.begin('op-a');
  await vi.waitFor(() => expect(guest.signals).toEqual(['TERM', 'KILL']));
  await vi.waitFor(() => expect(service.run.state).toBe('restarting'));
  expect(service.run).toMatchObject({ ends: 1, next_at: 1_001_000 });
  service.close();
});
