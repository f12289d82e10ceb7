import { resolve } from 'node:path';
import type { CliOption, OptionValues } from '@nook/daemonapi';
import { NookError } from '@nook/daemonapi';
import type { GuestInit, VmRequest } from '../contract.ts';
import { featurePart } from './feature-part.ts';
import { labelsOf } from './label-options.ts';
import { LIFE_OPTIONS, lifeRequest } from './life-options.ts';

const EGRESS = ['open', 'deny', 'audit', 'allow'] as const;

export const SIZE_OPTIONS: Readonly<Record<string, CliOption>> = {
  vcpus: { value: 'N', help: 'virtual CPUs (default 1)' },
  memory: { short: 'm', value: 'SIZE', help: 'memory, e.g. 512MiB or 2G (default 1 GiB)' },
  disk: { value: 'SIZE', help: "size of the disk (default: the image's, 10 GiB)" },
};

/** Options of every command that makes a VM. */
export const SHAPE_OPTIONS: Readonly<Record<string, CliOption>> = {
  name: { value: 'NAME', help: 'name of the VM, a DNS label; made up when absent' },
  image: { value: 'IMAGE', help: 'image to boot; see: nook image list' },
  kernel: { value: 'KERNEL', help: 'kernel to boot; see: nook kernel list' },
  ...SIZE_OPTIONS,
  network: { value: 'NETWORK', help: 'user (default), none, or a network of several VMs; see: nook net list' },
  ip: { value: 'ADDRESS', help: "the VM's IPv4 address in a network of several; one is chosen when absent" },
  publish: {
    short: 'p',
    value: '[ADDRESS:]HOST:GUEST[/udp]',
    multiple: true,
    help: 'publish a port of the guest on the host, on 127.0.0.1 unless an address is given; host port 0 picks one',
  },
  'publish-all': { short: 'P', help: 'publish all ports that the image exposes, at ports of the host that are free' },
  egress: {
    value: 'POLICY',
    help: "what it reaches: open, deny, audit, or allow (default with --allow; else the network's)",
  },
  allow: {
    value: 'NAME|*.NAME|CIDR[:PORT][/PROTOCOL]',
    multiple: true,
    help: 'let it reach this, and nothing that is not so listed',
  },
  feature: {
    value: 'NAME[=JSON]',
    multiple: true,
    help: 'have a feature of a plugin take part in the VM, with what it is to do',
  },
  init: { value: 'INIT', help: "nook (default: fastest) or image: the image's own init is PID 1, e.g. systemd" },
  mount: {
    value: 'HOST:GUEST[:ro]',
    multiple: true,
    help: "a folder of the host as a folder of the guest; needs a kernel with 9p, e.g. 'debian'",
  },
  label: { value: 'KEY=VALUE', multiple: true, help: 'a word of your own, for vm list --filter label=KEY[=VALUE]' },
  ...LIFE_OPTIONS,
  rm: { help: 'remove the VM when its session ends, or when it stops' },
};

export function shapeRequest(options: OptionValues): VmRequest {
  return {
    ...text(options, 'name'),
    ...text(options, 'image'),
    ...text(options, 'kernel'),
    ...text(options, 'memory'),
    ...text(options, 'disk'),
    ...text(options, 'network'),
    ...text(options, 'ip'),
    ...(options.egress === undefined ? {} : { egress: egressWord(options.egress) }),
    ...(options.allow === undefined ? {} : { allow: options.allow as readonly string[] }),
    ...(options.init === undefined ? {} : { init: guestInit(options.init) }),
    ...(options.vcpus === undefined ? {} : { vcpus: wholeNumber(options.vcpus, 'vcpus') }),
    ...(options.publish === undefined ? {} : { publish: options.publish as readonly string[] }),
    ...(options['publish-all'] === true ? { publish_all: true } : {}),
    ...(options.feature === undefined
      ? {}
      : { features: Object.fromEntries((options.feature as readonly string[]).map(featurePart)) }),
    ...(options.mount === undefined ? {} : { mounts: (options.mount as readonly string[]).map(mountOf) }),
    ...labelsOf(options.label),
    ...lifeRequest(options),
    ...(options.rm === true ? { auto_remove: true } : {}),
  };
}

function text<K extends string>(options: OptionValues, name: K): { [P in K]?: string } {
  const value = options[name];
  return typeof value === 'string' ? ({ [name]: value } as { [P in K]: string }) : {};
}

/** The folder of the host may have colons in its name. */
function mountOf(text: string): { source: string; target: string; read_only: boolean } {
  const { source, target, mode } = /^(?<source>.+):(?<target>\/[^:]*)(?::(?<mode>ro|rw))?$/.exec(text)?.groups ?? {};
  if (source !== undefined && target !== undefined)
    return { source: resolve(source), target, read_only: mode === 'ro' };
  throw new NookError('bad_params', `--mount takes HOST:GUEST or HOST:GUEST:ro, not '${text}'.`, {
    hint: 'GUEST is an absolute path, e.g. --mount .:/work',
  });
}

function guestInit(value: OptionValues[string]): GuestInit {
  if (value === 'nook' || value === 'image') return value;
  throw new NookError('bad_params', `--init takes nook or image, not '${value}'.`);
}

function egressWord(value: OptionValues[string]): NonNullable<VmRequest['egress']> {
  const word = EGRESS.find((each) => each === value);
  if (word !== undefined) return word;
  throw new NookError('bad_params', `--egress takes ${EGRESS.join(', ')}, not '${value}'.`);
}

/** @throws NookError `bad_params` */
export function wholeNumber(value: OptionValues[string], option: string): number {
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  throw new NookError('bad_params', `--${option} takes a whole number, not '${value}'.`);
}
