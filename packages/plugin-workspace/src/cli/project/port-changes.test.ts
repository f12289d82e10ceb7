import { expect, test } from 'vitest';
import { portChanges } from './port-changes.ts';

const port = (host_address: string, host_port: number, guest_port: number, protocol = 'tcp') => ({
  ...{ host_address, host_port, guest_port, protocol },
});
const changes = (...args: Parameters<typeof portChanges>) =>
  portChanges(...args).map(({ kind, what }) => `${kind} ${what}`);

test('a port is the same by address, number and protocol', () => {
  expect(changes(['8080:80', '[::1]:53:53/udp'], [port('::1', 53, 53, 'udp'), port('127.0.0.1', 8080, 80)])).toEqual(
    [],
  );
  expect(changes(['0.0.0.0:8080:80'], [port('127.0.0.1', 8080, 80)])).toEqual([
    'unpublish 127.0.0.1:8080:80',
    'publish 0.0.0.0:8080:80',
  ]);
  expect(changes([], [port('::1', 53, 53, 'udp')])).toEqual(['unpublish [::1]:53:53/udp']);
});

test('each port that was chosen stands for one of the file', () => {
  expect(changes(['0:80', '0:80'], [port('127.0.0.1', 40_001, 80)])).toEqual(['publish 0:80']);
  expect(changes(['0:80'], [port('127.0.0.1', 40_001, 80), port('127.0.0.1', 40_002, 80)])).toEqual([
    'unpublish 127.0.0.1:40002:80',
  ]);
});
