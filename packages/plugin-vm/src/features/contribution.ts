import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { type MachineContribution, type MachineDrive, NookError } from '@nook/daemonapi';

const FIELDS = ['kernel_args', 'drives'];
const DRIVE_FIELDS = ['path', 'format', 'read_only', 'serial'];
const SERIAL = /^[A-Za-z0-9._-]{1,20}$/;
const KERNEL_WORD = /^[\x21\x23-\x26\x28-\x7e]+$/;
/** The kernel takes 2 048 characters, and nook's own words are among them. */
const MAX_KERNEL_TEXT = 1_024;
/** A microvm has eight places for devices and nook takes three. */
const MAX_DRIVES = 5;

/** Feature → what its `machine` answered. */
export type Contributed = readonly { readonly feature: string; readonly value: unknown }[];

/**
 * Everything that features add to one machine, once it is known to be well formed and there.
 * @throws NookError `operation_failed` that names the feature
 */
export async function joinContributions(contributed: Contributed): Promise<Required<MachineContribution>> {
  const kernelArgs: string[] = [];
  const drives: MachineDrive[] = [];
  for (const { feature, value } of contributed) {
    const refuse = (what: string): never => {
      throw new NookError('operation_failed', `Feature '${feature}' cannot add to the machine: ${what}.`, {
        details: { feature, hook: 'machine' },
      });
    };
    const { kernel_args = [], drives: more = [] } = checkShape(value, refuse);
    kernelArgs.push(...kernel_args);
    for (const drive of more) {
      if (drives.some(({ serial }) => serial === drive.serial)) refuse(`there is a drive '${drive.serial}' already`);
      drives.push(await present(drive, refuse));
    }
    if (drives.length > MAX_DRIVES) refuse(`a machine takes at most ${MAX_DRIVES} drives more`);
    if (kernelArgs.join(' ').length > MAX_KERNEL_TEXT) {
      refuse(`the kernel's command line would grow by more than ${MAX_KERNEL_TEXT} characters`);
    }
  }
  return { kernel_args: kernelArgs, drives };
}

type Refuse = (what: string) => never;

function checkShape(value: unknown, refuse: Refuse): MachineContribution {
  const { kernel_args = [], drives = [] } = plain(value, FIELDS, refuse);
  if (!Array.isArray(kernel_args) || !Array.isArray(drives)) return refuse('kernel_args and drives are lists');
  for (const word of kernel_args) {
    if (typeof word !== 'string' || !KERNEL_WORD.test(word)) refuse(`${shown(word)} is not a word for the kernel`);
  }
  for (const drive of drives) checkDrive(plain(drive, DRIVE_FIELDS, refuse), refuse);
  return { kernel_args, drives };
}

function checkDrive({ path, format, read_only, serial }: Record<string, unknown>, refuse: Refuse): void {
  if (typeof path !== 'string' || !isAbsolute(path)) refuse(`${shown(path)} is not an absolute path`);
  if (format !== 'raw' && format !== 'qcow2') refuse(`${shown(format)} is not a format of drives`);
  if (typeof read_only !== 'boolean') refuse('a drive says whether it is read_only');
  if (typeof serial !== 'string' || !SERIAL.test(serial)) refuse(`${shown(serial)} is not a serial`);
}

function plain(value: unknown, fields: readonly string[], refuse: Refuse): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(`${shown(value)} is no object`);
  for (const key of Object.keys(value)) if (!fields.includes(key)) refuse(`nothing is known of '${key}'`);
  return value as Record<string, unknown>;
}

async function present(drive: MachineDrive, refuse: Refuse): Promise<MachineDrive> {
  const found = await stat(drive.path).catch(() => undefined);
  if (found === undefined) refuse(`its drive '${drive.serial}' is not there: ${drive.path}`);
  else if (!found.isFile()) refuse(`its drive '${drive.serial}' is no regular file: ${drive.path}`);
  return drive;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
