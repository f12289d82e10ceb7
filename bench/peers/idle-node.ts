import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Memory, memoryOf } from '../process-memory.ts';

const PROGRAM = 'process.stdin.resume(); console.log("ready")';

/** A Node that does nothing but read an empty pipe, as long as the callback takes. */
export async function idleNode(): Promise<Memory> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  const memory = await memoryOf(child.pid as number);
  child.stdin.end();
  await exited;
  return memory;
}
