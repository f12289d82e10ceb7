import { expect, it } from 'vitest';
import { type TemplateInputs, templateKey } from './template-key.ts';

const INPUTS: TemplateInputs = {
  image: 'sha256:01',
  kernel: 'sha256:02',
  initramfs: 'initramfs-03-04-pci.cpio',
  driver: 'qemu',
  setup: {
    accelerator: 'tcg',
    machine: 'q35',
    version: '7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)',
    settings: { program: 'qemu-system-x86_64', machine: 'q35', machine_version: 'pc-q35-7.2', accelerator: 'tcg' },
  },
  vcpus: 1,
  memory_bytes: 1024 ** 3,
  disk_bytes: 10 * 1024 ** 3,
};

const CHANGED: Record<string, TemplateInputs> = {
  image: { ...INPUTS, image: 'sha256:11' },
  kernel: { ...INPUTS, kernel: 'sha256:12' },
  'guest build': { ...INPUTS, initramfs: 'initramfs-03-14-pci.cpio' },
  driver: { ...INPUTS, driver: 'other' },
  accelerator: { ...INPUTS, setup: { ...INPUTS.setup, accelerator: 'kvm' } },
  machine: { ...INPUTS, setup: { ...INPUTS.setup, machine: 'microvm' } },
  version: { ...INPUTS, setup: { ...INPUTS.setup, version: '7.2.22 (Debian 1:7.2+dfsg-7+deb12u19)' } },
  setting: { ...INPUTS, setup: { ...INPUTS.setup, settings: { ...INPUTS.setup.settings, cpu: 'max' } } },
  vcpus: { ...INPUTS, vcpus: 2 },
  memory: { ...INPUTS, memory_bytes: 2 * 1024 ** 3 },
  disk: { ...INPUTS, disk_bytes: 20 * 1024 ** 3 },
};

it.each(Object.entries(CHANGED))('is another one with another %s', (_what, inputs) => {
  expect(templateKey(inputs)).not.toBe(templateKey(INPUTS));
});

it('does not depend on the order in which the inputs were put down', () => {
  const { settings, ...setup } = INPUTS.setup;
  const reversed = Object.fromEntries(Object.entries(INPUTS).reverse()) as unknown as TemplateInputs;
  const inputs = {
    ...reversed,
    setup: { settings: Object.fromEntries(Object.entries(settings).reverse()), ...setup },
  };
  expect(templateKey(inputs)).toBe(templateKey(INPUTS));
  expect(templateKey(INPUTS)).toMatch(/^[0-9a-f]{32}$/);
});
