import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

const signal = new AbortController().signal;

describe('a program that is run for images', () => {
  it('lets others go first with all of its threads, where it is told so', async () => {
    const program = `
      const { readdirSync, readFileSync } = require('node:fs');
      const nice = (task) => readFileSync('/proc/self/task/' + task + '/stat', 'utf8').split(') ')[1].split(' ')[16];
      console.log(readdirSync('/proc/self/task').map(nice).join());`;
    const { stdout } = await runProgram(process.execPath, ['-e', program], { signal, nicer: 3 });
    const threads = stdout.trim().split(',').map(Number);
    expect(threads.length).toBeGreaterThan(1);
    expect(new Set(threads)).toEqual(new Set([Math.min(getPriority() + 3, 19)]));
  });
});
