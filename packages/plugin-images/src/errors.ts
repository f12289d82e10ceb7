import { type ImageSource, type KernelSource, NookError } from '@nook/daemonapi';
import type { Distribution } from './apt/distribution.ts';
import { withoutUserinfo } from './userinfo.ts';

export const errors = {
  unknownImage: (reference: string, known: readonly string[]) =>
    new NookError('not_found', `There is no image '${withoutUserinfo(reference)}'.`, {
      hint: `Known images: ${known.join(', ')}. Make one of your own with 'nook image import PATH --name NAME'.`,
    }),
  unknownScheme: (scheme: string, sources: readonly ImageSource[]) =>
    new NookError('not_found', `No source of images here knows '${scheme}:'.`, {
      hint: `There is ${sources.flatMap(({ schemes }) => schemes.map((known) => `'${known}:'`)).join(', ')}; more come with plugins. An image of a registry is written with its place: docker.io/library/python:3-slim`,
      details: { schemes: sources.flatMap(({ schemes }) => schemes) },
    }),
  unknownKernel: (reference: string, known: readonly string[]) =>
    new NookError('not_found', `There is no kernel '${withoutUserinfo(reference)}'.`, {
      hint: `Known kernels: ${known.join(', ')}.`,
    }),
  unknownKernelScheme: (scheme: string, sources: readonly KernelSource[]) =>
    new NookError('not_found', `No source of kernels here knows '${scheme}:'.`, {
      hint: `There is ${sources.flatMap(({ schemes }) => schemes.map((known) => `'${known}:'`)).join(', ')}; more come with plugins.`,
      details: { schemes: sources.flatMap(({ schemes }) => schemes) },
    }),
  badName: (name: string, kind: 'image' | 'kernel' = 'image') =>
    new NookError(
      'bad_params',
      `'${withoutUserinfo(name)}' cannot name ${kind === 'image' ? 'an image' : 'a kernel'}.`,
      {
        hint: 'Use up to 63 lower-case letters, digits, dots, underscores and dashes, beginning with a letter or digit.',
      },
    ),
  nameTaken: (name: string, kind: 'image' | 'kernel' = 'image') =>
    new NookError('already_exists', `There is ${kind === 'image' ? 'an image' : 'a kernel'} '${name}' already.`, {
      hint: `Choose another name with --name, or remove it first: nook ${kind} rm ${name}`,
    }),
  inUse: (kind: 'image' | 'kernel', name: string, users: readonly string[]) =>
    new NookError(
      'conflict',
      `${kind === 'image' ? 'Image' : 'Kernel'} '${name}' is used by ${users.length === 1 ? 'VM' : 'VMs'} ${users.join(', ')}.`,
      {
        hint: `Remove what uses it first: nook vm rm ${users.join(' ')}`,
        details: { users },
      },
    ),
  inUseElsewhere: (kind: 'image' | 'kernel', name: string, homes: readonly string[]) =>
    new NookError(
      'conflict',
      `${kind === 'image' ? 'Image' : 'Kernel'} '${name}' is used by VMs of other homes: ${homes.join(', ')}.`,
      { hint: `There, once their VMs are removed: nook ${kind} prune`, details: { homes } },
    ),
  missingProgram: (program: string, packageName: string) =>
    new NookError('unavailable', `The program '${program}' is not installed.`, {
      hint: `Install it, on Debian or Ubuntu with: sudo apt-get install ${packageName}`,
      details: { program },
    }),
  noSource: ({ origin, keyringPackage, table }: Distribution, reason: string) =>
    new NookError('unavailable', `There is no ${origin} archive to take packages from: ${withoutUserinfo(reason)}.`, {
      hint: `Set ${table} mirror (URL of a ${origin} archive) and keyring in config.toml; the package ${keyringPackage} has the keys.`,
    }),
  noSpace: (directory: string, cause?: unknown) =>
    new NookError('unavailable', `No space is left in ${directory}.`, {
      hint: `Free some space there, or move the store with NOOK_STORE or [images] store. 'nook image list' shows what it holds.`,
      cause,
    }),
  programFailed: (what: string, output: string) =>
    new NookError('operation_failed', `${what} failed: ${withoutUserinfo(output)}`, {
      hint: "The daemon's log has the whole output at level debug: nook daemon logs",
    }),
  stopping: () => new NookError('unavailable', 'The daemon is stopping.', { hint: 'Try again: a new one is started.' }),
  cancelled: () => new NookError('cancelled', 'The pull was cancelled.'),
};

/** The error that a signal was aborted with when it is one for the caller, `cancelled` otherwise. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.name === 'NookError' ? reason : errors.cancelled();
}

export function isNoSpace(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
