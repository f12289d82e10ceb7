import type { CliOption } from '@nook/daemonapi';

export const FILE_OPTION: Readonly<Record<string, CliOption>> = {
  file: { value: 'FILE', help: 'the file (default: nook.toml here, or in a folder above)' },
};
