import { expect, test } from 'vitest';
import { imageCommand, stopSignal, withImageConfig } from './image-run.ts';

const config = {
  env: ['PATH=/app', 'A=image', 'broken'],
  cmd: ['serve'],
  entrypoint: ['/app/main'],
  workdir: '/app',
  user: '7',
};
const silent = { env: [], cmd: [], entrypoint: [], workdir: null, user: null };

test('the entrypoint comes before the command', () => {
  expect(imageCommand(config)).toEqual(['/app/main', 'serve']);
  expect(imageCommand({ ...config, entrypoint: [] })).toEqual(['serve']);
  expect(imageCommand(silent)).toBeUndefined();
  expect(imageCommand(undefined)).toBeUndefined();
});

test('what the request says goes before what the image says', () => {
  expect(withImageConfig({ env: ['A=mine'], user: 'root' }, config)).toEqual({
    env: ['PATH=/app', 'A=mine'],
    cwd: '/app',
    user: 'root',
  });
  expect(withImageConfig({ argv: ['x'] }, config)).toMatchObject({ argv: ['x'], cwd: '/app', user: '7' });
});

test('an image that says nothing changes nothing', () => {
  expect(withImageConfig({ argv: ['x'] }, silent)).toEqual({ argv: ['x'] });
  expect(withImageConfig({ argv: ['x'] }, undefined)).toEqual({ argv: ['x'] });
});

test.each([
  ['SIGQUIT', 3],
  ['2', 2],
  ['SIGRTMIN+3', 37],
  ['SIGTERM', undefined],
  ['', undefined],
  ['SIGNONSENSE', undefined],
  [null, undefined],
])('of the stop signal %s', (text, number) => {
  expect(stopSignal({ ...silent, stopSignal: text })).toBe(number);
});
