import type { ImageConfig } from '@nook/daemonapi';
import type { ExecRequest } from '../contract.ts';

/** What the image runs when it is started without a command; undefined when it says nothing of one. */
export function imageCommand(config: ImageConfig | undefined): readonly string[] | undefined {
  const argv = [...(config?.entrypoint ?? []), ...(config?.cmd ?? [])];
  return argv.length === 0 ? undefined : argv;
}

/** A request with the image's variables, directory and user where it does not say otherwise. */
export function withImageConfig<T extends ExecRequest>(request: T, config: ImageConfig | undefined): T {
  if (config === undefined) return request;
  const own = new Set(request.env?.map(nameOf));
  const env = [...config.env.filter((entry) => entry.includes('=') && !own.has(nameOf(entry))), ...(request.env ?? [])];
  const [cwd, user] = [request.cwd ?? config.workdir ?? undefined, request.user ?? config.user ?? undefined];
  return {
    ...request,
    ...(env.length === 0 ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { user }),
  };
}

function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf('='));
}
