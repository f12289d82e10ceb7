import { expect, it } from 'vitest';
import { figuresFor } from './scope-figures.ts';

const MIB = 1024 ** 2;
const config = {
  ...({ by: 'auto', required: false } as const),
  ...{ memory_overhead: 256 * MIB, cpu_overhead: 1, pids_overhead: 256 },
};
const machine = { vcpus: 2, memory_bytes: 512 * MIB + 1, accelerator: 'kvm' };

it('a VM may take what its guest has, and what is needed to run it, in whole pages', () => {
  const figures = figuresFor(machine, config, 64 * 1024 * MIB);
  expect(figures).toEqual({ memory_bytes: 768 * MIB + 4096, cpus: 3, pids: 258 });
});

it.each([
  ['an eighth of a small host', 4096, 512],
  ['a gibibyte of a large one', 64 * 1024, 1024],
])('under emulation its translated code is added: %s', (_what, hostMib, mebibytes) => {
  const emulated = { ...machine, memory_bytes: 512 * MIB, accelerator: 'tcg' };
  expect(figuresFor(emulated, config, hostMib * MIB).memory_bytes).toBe((768 + mebibytes) * MIB);
});
