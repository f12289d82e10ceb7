import { expect, test } from 'vitest';
import { debianCandidates } from './host-sources.ts';

const main = 'https://archive.example/debian';
const security = 'https://archive.example/debian-security';

test('the suite itself comes with its updates and security updates', () => {
  const entries = [
    { uri: main, suite: 'bookworm' },
    { uri: main, suite: 'bookworm-updates' },
    { uri: security, suite: 'bookworm-security' },
    { uri: main, suite: 'bookworm-backports' },
  ];
  expect(debianCandidates(entries, 'bookworm')).toEqual([entries.slice(0, 3)]);
});

test('the archive of another release is asked for the wanted one', () => {
  const entries = [
    { uri: main, suite: 'trixie' },
    { uri: security, suite: 'trixie-security' },
  ];
  expect(debianCandidates(entries, 'bookworm')).toEqual([
    [
      { uri: main, suite: 'bookworm' },
      { uri: security, suite: 'bookworm-security' },
    ],
  ]);
});

test("a third party with Debian's suite names is a candidate of its own, other systems are none", () => {
  const third = { uri: 'https://tools.example', suite: 'bookworm' };
  const own = { uri: main, suite: 'bookworm' };
  expect(debianCandidates([third, own], 'bookworm')).toEqual([[third], [own]]);
  expect(debianCandidates([{ uri: 'https://other.example', suite: 'noble' }], 'bookworm')).toEqual([]);
});
