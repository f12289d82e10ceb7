import { NookError, type OptionValues } from '@nook/daemonapi';

/** `KEY=VALUE`, several times; of one key the last counts. @throws NookError `bad_params` */
export function labelsOf(given: OptionValues[string]): { readonly labels?: Readonly<Record<string, string>> } {
  if (given === undefined) return {};
  return { labels: Object.fromEntries((given as readonly string[]).map(label)) };
}

function label(text: string): [string, string] {
  const end = text.indexOf('=');
  if (end > 0) return [text.slice(0, end), text.slice(end + 1)];
  throw new NookError('bad_params', `--label takes KEY=VALUE, not '${text}'.`, {
    hint: `For example ${text || 'env'}=test`,
  });
}
