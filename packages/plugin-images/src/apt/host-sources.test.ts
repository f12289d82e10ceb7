import { expect, test } from 'vitest';
import { DEBIAN, UBUNTU } from './distribution.ts';
import { archiveCandidates } from './host-sources.ts';

const main = 'https://archive.example/debian';
const security = 'https://archive.example/debian-security';

test('the suite itself comes with its updates and security updates', () => {
  const entries = [
    { uri: main, suite: 'bookworm' },
    { uri: main, suite: 'bookworm-updates' },
    { uri: security, suite: 'bookworm-security' },
    { uri: main, suite: 'bookworm-backports' },
  ];
  expect(archiveCandidates(entries, 'bookworm', DEBIAN)).toEqual([entries.slice(0, 3)]);
});

test('the archive of another release is asked for the wanted one', () => {
  const entries = [
    { uri: main, suite: 'trixie' },
    { uri: security, suite: 'trixie-security' },
  ];
  expect(archiveCandidates(entries, 'bookworm', DEBIAN)).toEqual([
    [
      { uri: main, suite: 'bookworm' },
      { uri: security, suite: 'bookworm-security' },
    ],
  ]);
});

test("a third party with Debian's suite names is a candidate of its own, other systems are none", () => {
  const third = { uri: 'https://tools.example', suite: 'bookworm' };
  const own = { uri: main, suite: 'bookworm' };
  expect(archiveCandidates([third, own], 'bookworm', DEBIAN)).toEqual([[third], [own]]);
  expect(archiveCandidates([{ uri: 'https://other.example', suite: 'noble' }], 'bookworm', DEBIAN)).toEqual([]);
});

test('of Ubuntu in the same way', () => {
  const entries = [
    { uri: 'https://archive.example/ubuntu', suite: 'jammy' },
    { uri: 'https://archive.example/ubuntu', suite: 'jammy-updates' },
    { uri: 'https://security.example/ubuntu', suite: 'jammy-security' },
    { uri: main, suite: 'bookworm' },
  ];
  expect(archiveCandidates(entries, 'noble', UBUNTU)).toEqual([
    [
      { uri: 'https://archive.example/ubuntu', suite: 'noble' },
      { uri: 'https://archive.example/ubuntu', suite: 'noble-updates' },
      { uri: 'https://security.example/ubuntu', suite: 'noble-security' },
    ],
  ]);
});
