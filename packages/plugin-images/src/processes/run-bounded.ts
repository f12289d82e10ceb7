import { errors } from '../errors.ts';
import { findProgram } from './environment.ts';
import { type RunOptions, type RunResult, runProgram } from './run-program.ts';

const MEMORY_BYTES = 4 * 2 ** 30;
const CPU_SECONDS = 1800;

interface BoundedOptions extends RunOptions {
  readonly packageName: string;
  /** Most that a file may be long that it writes. */
  readonly fileBytes: number;
}

/** Runs a program on what strangers made: it may not take memory, time or room without end. */
export async function runBounded(
  program: string,
  args: readonly string[],
  { fileBytes, ...options }: BoundedOptions,
): Promise<RunResult> {
  const path = findProgram(program);
  if (path === undefined) throw errors.missingProgram(program, options.packageName);
  const limits = [`--as=${MEMORY_BYTES}`, `--cpu=${CPU_SECONDS}`, `--fsize=${fileBytes}`, '--core=0'];
  return runProgram('prlimit', [...limits, '--', path, ...args], { ...options, title: program });
}
