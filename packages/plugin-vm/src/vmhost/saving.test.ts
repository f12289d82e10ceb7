import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonLog } from '@nook/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SavedAbout } from '../saved/saved-machine.ts';
import { DrivenMachine } from './driven-machine.ts';
import type { HostSpec } from './host-spec.ts';
import { Saving } from './saving.ts';
import type { SessionTable } from './session-table.ts';

/** A machine that writes down what it is told. */
const ENGINE = `data:text/javascript,${encodeURIComponent(`
  const did = (what) => async () => { globalThis.savingDid.push(what); return { bytes: 7, paused_at: 0 }; };
  export const createMachine = async () => ({
    pid: 4711,
    started: Promise.resolve(
      Object.fromEntries(['pause', 'resume', 'saveState', 'switchDisk'].map((order) => [order, did(order)])),
    ),
    exited: new Promise(() => {}),
    kill: () => {},
  });`)}`;

const log = new JsonLog('/dev/null', () => ({}));
const MOUNTS = [{ tag: 'share0', target: '/work', read_only: false }];
const DRIVES = [{ path: '/srv/seed.img', format: 'raw', read_only: true }];

let did: string[];
let folder: string;

beforeEach(async () => {
  did = [];
  Object.assign(globalThis, { savingDid: did });
  folder = await mkdtemp(join(tmpdir(), 'nook-vm-'));
  await writeFile(join(folder, 'memory'), 'of before');
});
afterEach(() => rm(folder, { recursive: true }));

async function savingOf({ mounts = [], drives = [] }: { mounts?: readonly object[]; drives?: readonly object[] }) {
  const capabilities = ['pause', 'ram_snapshot', 'disk_snapshot'] as const;
  const spec = {
    identity: { hostname: 'web', machine_id: '' },
    guest_mounts: mounts,
    machine: { disk: { path: '/disk.qcow2' }, drives },
  } as unknown as HostSpec;
  const machine = new DrivenMachine({ name: 'tiny', title: 'Tiny', engine: ENGINE, capabilities }, spec.machine);
  await machine.launch({ log, console: () => {}, stderr: () => {} });
  await machine.started();
  return new Saving({
    ...{ machine, sessions: { reopen: () => {} } as SessionTable, log, spec: () => spec },
    ...{ guest: () => undefined, paused: () => false, requireReady: () => {}, leave: () => did.push('leave') },
    ...{ run: () => ({ epoch: 1n, ranMs: 0 }), onChange: () => {} },
  });
}

describe.each([
  { what: 'mounts folders of the host', has: { mounts: MOUNTS } },
  { what: 'has drives of features', has: { drives: DRIVES } },
])('the memory of a VM that $what', ({ what, has }) => {
  it.each([
    { asked: 'a suspend', request: () => ({ folder, about: {} as SavedAbout, end: true }) },
    { asked: 'a fork or a snapshot', request: () => ({ folder, disk: '/next.qcow2', end: false }) },
    { asked: 'a template', request: () => ({ to: { ram: '/ram', devices: '/devices' }, end: true }) },
  ])('is not saved for $asked, and nothing is done before that is said', async ({ request }) => {
    const saving = await savingOf(has);
    await expect(saving.save(request())).rejects.toMatchObject({
      code: 'conflict',
      message: `The memory of a VM that ${what} cannot be saved.`,
      hint: 'Its disk can be: nook vm snapshot create --disk-only web NAME',
    });
    expect(did).toEqual([]);
    expect(await readdir(folder)).toEqual(['memory']);
    expect(saving.suspended).toBe(false);
  });

  it("is in nobody's way where only the disk is meant", async () => {
    const saving = await savingOf(has);
    await saving.save({ disk: '/next.qcow2', end: false });
    expect(did).toEqual(['pause', 'switchDisk', 'resume']);
    expect(await saving.disk()).toEqual({ disk: '/next.qcow2' });
  });
});

it('the memory of any other VM is saved, and it goes on', async () => {
  const saving = await savingOf({});
  expect(await saving.save({ to: { ram: '/ram', devices: '/devices' }, end: false })).toMatchObject({ bytes: 7 });
  expect(did).toEqual(['saveState', 'resume']);
});
