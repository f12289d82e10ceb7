import { describe, expect, it } from 'vitest';
import { guestName, hostName, planCopy } from './paths.ts';

describe('the paths of a copy', () => {
  it('say which way it goes', () => {
    expect(planCopy(['a', 'b', 'web:/srv'])).toEqual({
      ...{ direction: 'into', sources: ['a', 'b'] },
      target: { vm: 'web', path: '/srv' },
    });
    expect(planCopy(['web:', 'db:x:y', '.'])).toEqual({
      direction: 'out',
      sources: [
        { vm: 'web', path: '' },
        { vm: 'db', path: 'x:y' },
      ],
      target: '.',
    });
    expect(planCopy(['./a:b', 'web:/'])).toMatchObject({ direction: 'into', sources: ['./a:b'] });
  });

  it.each([
    [[], 'two paths'],
    [['web:/x'], 'two paths'],
    [['a', 'b'], 'Neither side'],
    [['web:/x', 'db:/y'], 'through the host'],
    [['web:/x', 'a', 'b'], 'Some sources'],
    [['Web:/x', 'b'], 'Neither side'],
  ])('%j make no copy', (paths, message) => {
    expect(() => planCopy(paths)).toThrow(message);
  });

  it.each([
    ['/a/b', 'b'],
    ['/a/b/', 'b'],
    ['b', 'b'],
    ['/a/b/.', undefined],
    ['/a/b/./', undefined],
    ['.', undefined],
    ['..', undefined],
    ['/a/..', undefined],
    ['/', undefined],
    ['', undefined],
  ])('%j is called %j below a directory', (path, name) => {
    expect(guestName(path)).toBe(name);
    expect(hostName(path)).toBe(name);
  });
});
