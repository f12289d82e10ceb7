import { NookError } from '@nook/daemonapi';

/** `NAME` or `NAME=JSON`. @throws NookError `bad_params` */
export function featurePart(text: string): [name: string, part: unknown] {
  const split = text.indexOf('=');
  return split < 0 ? [text, {}] : [text.slice(0, split), parsed(text.slice(split + 1))];
}

/** @throws NookError `bad_params` */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new NookError('bad_params', `The part of a feature is JSON, not '${json}'.`, {
      hint: `Quote it for the shell, for instance '{"text":"hello"}'.`,
      cause,
    });
  }
}
