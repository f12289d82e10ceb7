import type { ImageConfig } from '@nook/daemonapi';
import type { ExecRequest } from '../contract.ts';
import { signalNumber } from '../signal-number.ts';

const SIGTERM = 15;
/** Of Linux on x86-64, as libc counts. */
const SIGRTMIN = 34;

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

/** The signal by which the image's command wants to be ended, where that is another than SIGTERM, which all get. */
export function stopSignal(config: ImageConfig | undefined): number | undefined {
  const text = config?.stopSignal ?? '';
  const realTime = /^(?:SIG)?RTMIN\+(\d{1,2})$/i.exec(text)?.[1];
  try {
    const number = signalNumber(realTime === undefined ? text : String(SIGRTMIN + Number(realTime)));
    return number === SIGTERM ? undefined : number;
  } catch {
    // An image may say anything.
    return undefined;
  }
}
