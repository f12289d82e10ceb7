import { NookError } from '@nook/daemonapi';

export type Labels = Readonly<Record<string, string>>;

const KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const MAX_VALUE = 256;
const MAX_LABELS = 64;

/**
 * Labels of a VM: keys of letters, digits, dots, dashes, underscores and slashes; values of one line.
 * @throws NookError `bad_params`
 */
export function checkLabels(labels: Labels): Labels {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) {
    throw new NookError('bad_params', `A VM cannot have ${entries.length} labels.`, {
      hint: `The most is ${MAX_LABELS}.`,
    });
  }
  for (const [key, value] of entries) {
    checkLabelKey(key);
    if (value.length > MAX_VALUE || /\p{Cc}/u.test(value)) {
      throw new NookError('bad_params', `The value of label '${key}' does not do.`, {
        hint: `It is one line of at most ${MAX_VALUE} characters.`,
      });
    }
  }
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** @throws NookError `bad_params` */
function checkLabelKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new NookError('bad_params', `'${key}' is not a label.`, {
    hint: 'Write KEY=VALUE; a key has 1 to 63 letters, digits and . _ / -, with a letter or digit at both ends.',
  });
}
