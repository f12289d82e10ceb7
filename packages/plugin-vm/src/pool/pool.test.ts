import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Operations } from '@nook/daemonapi';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VmhostLink } from '../hosts/vmhost-link.ts';
import { Activity } from '../machines/activity.ts';
import type { Dependencies } from '../machines/dependencies.ts';
import { memoryStore } from '../memory-store.fixture.ts';
import { Pool } from './pool.ts';
import { PoolMember } from './pool-member.ts';
import { type MemberRecord, PoolRecords, poolMigration } from './pool-records.ts';

const MIB = 1024 ** 2;
const nothing = () => {};

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'nook-pool-'));
});
afterEach(() => rm(state, { recursive: true }));

/** A pool whose members are records and ends of connections. */
function poolOf(size: number, maxMiB: number) {
  const records = new PoolRecords(memoryStore(poolMigration));
  const log = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
  const dependencies = {
    ...{ log, activity: new Activity(), dirs: { state }, drivers: { programs: () => [] } },
  } as unknown as Dependencies;
  const begin = vi.fn(() => ({ opId: 'op-fill', done: Promise.resolve() }));
  const operations = { begin, get: nothing } as unknown as Operations;
  const settings = { size, maxBytes: maxMiB * MIB, idleMs: 0 };
  const pool = new Pool({ settings, records, dependencies, operations, fill: async () => {} });
  return { pool, records, begin };
}

function member(id: string, mebibytes = 70) {
  const end = Promise.withResolvers<void>();
  const record: MemberRecord = {
    ...{ id, created_at: 1, template: 'a', mac: '52:54:00:00:00:01', token: 't', bytes: mebibytes * MIB, run: {} },
    vmhost: { pid: 1, start_ticks: '', boot_id: '', token: 't' },
  };
  const link = { closed: end.promise, status: { pooled: true, state: 'paused' } } as unknown as VmhostLink;
  return { member: new PoolMember({ record, dir: join(state, 'vms', id), link }), dies: () => end.resolve() };
}

const ids = (pool: Pool) => pool.view().members.map(({ id }) => id);

describe('a pool', () => {
  it('wants members up to its size', () => {
    const { pool } = poolOf(2, 1000);
    const wanted = ['a', 'b'].map((id) => {
      const before = pool.lacks;
      pool.add(member(id).member);
      return before;
    });
    expect([...wanted, pool.lacks]).toEqual([true, true, false]);
  });

  it('wants no more than fit into the memory that it may take', () => {
    const { pool } = poolOf(10, 200);
    pool.add(member('a', 60).member);
    expect(pool.lacks).toBe(true);
    pool.add(member('b', 90).member);
    expect(pool.lacks).toBe(false);
  });

  it('keeps a member whose claim was not written down', () => {
    const { pool, records } = poolOf(1, 1000);
    const { member: one } = member('a');
    pool.add(one);
    const claim = { member: one } as Parameters<Pool['claim']>[0];
    const refuse = () => {
      throw new Error('the name is taken');
    };
    expect(() => pool.claim(claim, refuse)).toThrow('the name is taken');
    expect(records.all()).toMatchObject([{ id: 'a', template: 'a' }]);
    expect(ids(pool)).toEqual(['a']);
    pool.claim(claim, nothing);
    expect(records.all()).toEqual([]);
  });

  it('forgets a member that dies, and is filled again', async () => {
    const { pool, records, begin } = poolOf(1, 1000);
    const { member: one, dies } = member('a');
    pool.add(one);
    dies();
    await vi.waitFor(() => expect(begin).toHaveBeenCalledWith('vm.pool.fill', expect.anything()));
    expect(records.all()).toEqual([]);
    expect(ids(pool)).toEqual([]);
  });
});
