import { createHash } from 'node:crypto';
import type { ImageConfig } from '@nook/daemonapi';

export interface Described {
  readonly config: ImageConfig;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** SHA-256 of the one layer's tar, in hex. */
  readonly diffId: string;
}

/** The configuration of an image as https://github.com/opencontainers/image-spec/blob/main/config.md has it. */
export function configDocument({ config, createdAt, diffId }: Described): string {
  const created = new Date(createdAt).toISOString();
  const { env, cmd, entrypoint, workdir, user, stopSignal, ports = [] } = config;
  const run = {
    ...(user ? { User: user } : {}),
    ...(ports.length > 0 ? { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) } : {}),
    ...(env.length > 0 ? { Env: env } : {}),
    ...(entrypoint.length > 0 ? { Entrypoint: entrypoint } : {}),
    ...(cmd.length > 0 ? { Cmd: cmd } : {}),
    ...(workdir ? { WorkingDir: workdir } : {}),
    ...(stopSignal ? { StopSignal: stopSignal } : {}),
  };
  return JSON.stringify({
    ...{ created, architecture: 'amd64', os: 'linux', config: run },
    ...{
      rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
      history: [{ created, created_by: 'nook image export' }],
    },
  });
}

export function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
