import { NookError } from '@nook/daemonapi';
import type { VmState } from '../contract.ts';
import { vmState } from '../schemas.ts';
import { globMatches } from './glob.ts';
import type { Labels } from './labels.ts';

/** The part of a record that filters look at. */
export interface Filterable {
  readonly name: string;
  readonly state: VmState;
  readonly shape: {
    readonly image: string;
    readonly image_digest: string;
    readonly labels?: Labels | undefined;
  };
}

export type Test = (vm: Filterable) => boolean;

const STATES: readonly VmState[] = vmState.options;

/** What each kind of filter makes of the text behind its `=`. */
const KINDS: Readonly<Record<string, (text: string) => Test>> = {
  label: (text) => {
    const end = text.indexOf('=');
    if (end < 0) return ({ shape }) => Object.hasOwn(shape.labels ?? {}, text);
    const [key, value] = [text.slice(0, end), text.slice(end + 1)];
    return ({ shape }) => Object.hasOwn(shape.labels ?? {}, key) && shape.labels?.[key] === value;
  },
  state: (text) => {
    if ((STATES as readonly string[]).includes(text)) return ({ state }) => state === text;
    throw new NookError('bad_params', `'${text}' is not a state of a VM.`, {
      hint: `There are: ${STATES.join(', ')}.`,
    });
  },
  image: (text) => (vm) => vm.shape.image === text || vm.shape.image_digest === text,
  name: (text) => (vm) => globMatches(text, vm.name),
};

/**
 * What holds of a VM of which every filter holds: `label=KEY[=VALUE]`, `state=STATE`, `image=NAME` (or its digest),
 * `name=GLOB`.
 * @throws NookError `bad_params`
 */
export function parseFilters(filters: readonly string[] = []): Test {
  const tests = filters.map((filter) => {
    const [, kind = '', text = ''] = /^([^=]*)=(.+)$/s.exec(filter) ?? [];
    const parse = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (parse) return parse(text);
    throw new NookError('bad_params', `'${filter}' is not a filter.`, {
      hint: 'Write label=KEY, label=KEY=VALUE, state=running, image=IMAGE or name=GLOB.',
    });
  });
  return (vm) => tests.every((holds) => holds(vm));
}
