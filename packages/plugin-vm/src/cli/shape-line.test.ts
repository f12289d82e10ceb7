import { expect, test } from 'vitest';
import { shapeLine } from './shape-line.ts';

test('the line names the machine and what it is made of', () => {
  const vm = { name: 'web', vcpus: 2, memory_bytes: 512 * 1024 ** 2, image: 'debian-12' };
  expect(shapeLine({ ...vm, came_up: 'template' })).toBe('web: 2 vCPU · 512 MiB · debian-12 · from template');
  expect(shapeLine(vm)).toBe('web: 2 vCPU · 512 MiB · debian-12');
});
