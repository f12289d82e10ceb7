import type { CliOption, OptionValues } from '@nook/daemonapi';
import { NookError } from '@nook/daemonapi';
import type { VmRequest } from '../contract.ts';

export const SIZE_OPTIONS: Readonly<Record<string, CliOption>> = {
  vcpus: { value: 'N', help: 'virtual CPUs (default 1)' },
  memory: { short: 'm', value: 'SIZE', help: 'memory, e.g. 512MiB or 2G (default 1 GiB)' },
  disk: { value: 'SIZE', help: "size of the disk (default: the image's, 10 GiB)" },
};

/** Options of every command that makes a VM. */
export const SHAPE_OPTIONS: Readonly<Record<string, CliOption>> = {
  name: { value: 'NAME', help: 'name of the VM, a DNS label; made up when absent' },
  image: { value: 'IMAGE', help: 'image to boot; see: nook image list' },
  ...SIZE_OPTIONS,
  network: { value: 'NETWORK', help: 'user (default) or none' },
  publish: {
    short: 'p',
    value: '[ADDRESS:]HOST:GUEST[/udp]',
    multiple: true,
    help: 'publish a port of the guest on the host, on 127.0.0.1 unless an address is given',
  },
  rm: { help: 'remove the VM when its session ends, or when it stops' },
};

export function shapeRequest(options: OptionValues): VmRequest {
  return {
    ...text(options, 'name'),
    ...text(options, 'image'),
    ...text(options, 'memory'),
    ...text(options, 'disk'),
    ...text(options, 'network'),
    ...(options.vcpus === undefined ? {} : { vcpus: wholeNumber(options.vcpus, 'vcpus') }),
    ...(options.publish === undefined ? {} : { publish: options.publish as readonly string[] }),
    ...(options.rm === true ? { auto_remove: true } : {}),
  };
}

function text<K extends string>(options: OptionValues, name: K): { [P in K]?: string } {
  const value = options[name];
  return typeof value === 'string' ? ({ [name]: value } as { [P in K]: string }) : {};
}

/** @throws NookError `bad_params` */
export function wholeNumber(value: OptionValues[string], option: string): number {
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  throw new NookError('bad_params', `--${option} takes a whole number, not '${value}'.`);
}
