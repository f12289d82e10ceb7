import { expect, test } from 'vitest';
import { UBUNTU } from '../apt/distribution.ts';
import { parseDebian } from './debian-reference.ts';

test('a release alone is the usual image', () => {
  expect(parseDebian('debian:bookworm')).toEqual({
    ...{ suite: 'bookworm', variant: 'minbase', packages: undefined, mirror: undefined },
  });
});

test('a release of Ubuntu is written in the same way', () => {
  expect(parseDebian('ubuntu:noble?packages=git', UBUNTU)).toMatchObject({ suite: 'noble', packages: ['git'] });
  expect(() => parseDebian('ubuntu:', UBUNTU)).toThrow('names no release of Ubuntu');
});

test('options say what else it is, in any order', () => {
  expect(parseDebian('debian:trixie?variant=apt&mirror=http://127.0.0.1:80/debian/&packages=g++,git,a1,git')).toEqual({
    ...{ suite: 'trixie', variant: 'apt', packages: ['a1', 'g++', 'git'], mirror: 'http://127.0.0.1:80/debian' },
  });
});

test.each([
  'debian:',
  'debian:-x',
  'debian:book worm',
  'debian:a?b?c',
  'debian:bookworm?variant',
  'debian:bookworm?variant=',
  'debian:bookworm?variant=--mode',
  'debian:bookworm?variant=apt&variant=apt',
  'debian:bookworm?hook=rm',
  'debian:bookworm?__proto__=x',
  'debian:bookworm?packages=',
  'debian:bookworm?packages=git,',
  'debian:bookworm?packages=--simulate',
  'debian:bookworm?packages=git-',
  'debian:bookworm?packages=./x.deb',
  'debian:bookworm?packages=?all',
  'debian:bookworm?packages=git/sid',
  'debian:bookworm?packages=git=1',
  `debian:bookworm?packages=${Array(501).fill('git').join(',')}`,
  'debian:bookworm?mirror=file:///etc',
  'debian:bookworm?mirror=http://user:secret@host/debian',
  'debian:bookworm?mirror=http://host/x y',
  'debian:bookworm?mirror=http://host/x\ndeb',
  'debian:bookworm?mirror=http://host/[trusted=yes]',
])('%j is refused', (reference) => {
  expect(() => parseDebian(reference)).toThrow(expect.objectContaining({ code: 'bad_params' }));
});
