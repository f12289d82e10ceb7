import { expect, test } from 'vitest';
import type { Applied } from '../../contract.ts';
import { type MachineFacts, planMachine } from './machine-plan.ts';
import type { ProjectMachine } from './read-project.ts';

const WANTED: ProjectMachine = {
  machine: 'web',
  vm: 'shop-web',
  image: 'busybox',
  publish: ['8080:80'],
  egress: 'deny',
  workspace: '/src/shop',
};
const APPLIED: Applied = {
  shape: { image: 'busybox', egress: { egress: 'deny' } },
  files: { '/etc/app.conf': '0644 aa' },
  secrets: [],
  depends_on: [],
  workspace: '/src/shop',
};
const PUBLISHED = { protocol: 'tcp', host_address: '127.0.0.1', host_port: 8080, guest_port: 80 };
const FACTS: MachineFacts = {
  vm: { state: 'running', publish: [PUBLISHED] },
  applied: APPLIED,
  settings: { changed: [], restart_needed: [] },
  files: { '/etc/app.conf': '0644 aa' },
  secrets: [],
  services: [],
};

const plan = (wanted: Partial<ProjectMachine>, facts: Partial<MachineFacts> = {}) =>
  planMachine({ ...WANTED, ...wanted }, { ...FACTS, ...facts });

test('a machine that is as the file says is left alone, and one that stands still is started', () => {
  expect(plan({})).toEqual({ machine: 'web', vm: 'shop-web', action: 'none', changes: [] });
  expect(plan({}, { vm: { state: 'stopped', publish: [PUBLISHED] } }).action).toBe('start');
  expect(plan({}, { vm: undefined, applied: undefined })).toMatchObject({ action: 'create', changes: [] });
});

test('what a VM has for life makes it anew, also when the file says nothing of it any more', () => {
  const { action, changes } = plan({ image: undefined, network: 'back' }, { secrets: ['token'] });
  expect(action).toBe('recreate');
  expect(changes).toEqual([
    { kind: 'shape', what: 'image', effect: 'recreate' },
    { kind: 'shape', what: 'network', effect: 'recreate' },
    { kind: 'secret', what: 'token', effect: 'live' },
  ]);
  expect(plan({ egress: undefined }).action).toBe('recreate');
});

test('a setting that waits for a start needs a restart, whenever it was set', () => {
  expect(plan({}, { settings: { changed: ['memory', 'disk'], restart_needed: ['memory', 'vcpus'] } })).toMatchObject({
    action: 'restart',
    changes: [
      { kind: 'setting', what: 'memory', effect: 'restart' },
      { kind: 'setting', what: 'disk', effect: 'live' },
      { kind: 'setting', what: 'vcpus', effect: 'restart' },
    ],
  });
});

test('ports, policy, files, workspace and secrets change while it runs', () => {
  const { action, changes } = plan(
    { publish: ['0:80', '9090:90/udp'], egress: 'allow', allow: ['example.org'], workspace: { path: '/src/other' } },
    { files: { '/etc/app.conf': '0600 aa' }, secrets: ['token'] },
  );
  expect(action).toBe('change');
  expect(changes.map(({ kind, what, effect }) => `${kind} ${what} ${effect}`)).toEqual([
    'egress egress live',
    'publish 9090:90/udp live',
    'file /etc/app.conf live',
    'workspace /src/other live',
    'secret token live',
  ]);
});
