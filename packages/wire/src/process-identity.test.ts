import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { identify, isAlive, killExactly } from './process-identity.ts';

it('a process is known by more than its pid, and only that one is killed', async () => {
  const child = spawn('sleep', ['60.4711']);
  await once(child, 'spawn');
  const identity = identify(child.pid as number, '60.4711');
  expect(isAlive(identity)).toBe(true);
  expect(killExactly({ ...identity, start_ticks: '1' })).toBe(false);
  expect(killExactly({ ...identity, boot_id: 'another' })).toBe(false);
  expect(killExactly({ ...identity, token: 'another' })).toBe(false);
  expect(child.exitCode ?? child.signalCode).toBeNull();
  expect(killExactly(identity)).toBe(true);
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
  expect(killExactly(identity)).toBe(false);
});

it('a zombie is dead', async () => {
  // The shell does not reap its child before it is told to.
  const shell = spawn('sh', ['-c', 'sleep 0.01 & echo $!; read _; wait'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString().trim());
  const identity = identify(pid, 'sleep');
  const { readFileSync } = await import('node:fs');
  const isZombie = () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  while (!isZombie()) await new Promise((resolve) => setImmediate(resolve));
  expect(isAlive(identity)).toBe(false);
  shell.stdin.end('\n');
  await once(shell, 'exit');
});
