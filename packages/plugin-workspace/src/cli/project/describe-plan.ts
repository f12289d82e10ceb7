import type { Change, MachinePlan } from './machine-plan.ts';

const WILL: Readonly<Record<MachinePlan['action'], string>> = {
  none: 'is as the file says',
  change: 'changes while it runs',
  start: 'is started',
  restart: 'is restarted',
  create: 'is made and started',
  recreate: 'is made anew, with a new disk',
};

const DONE: Readonly<Record<MachinePlan['action'], string>> = {
  none: 'unchanged',
  change: 'changed',
  start: 'started',
  restart: 'restarted',
  create: 'created',
  recreate: 'recreated',
};

const KINDS: Readonly<Record<Change['kind'], (what: string) => string>> = {
  shape: (what) => `another ${what}`,
  setting: (what) => what,
  publish: (what) => `port ${what} is published`,
  unpublish: (what) => `port ${what} is published no more`,
  egress: () => 'what it may reach',
  file: (what) => `file ${what}`,
  workspace: (what) => `workspace ${what}`,
  secret: (what) => `secret ${what}`,
  service: (what) => `service ${what}`,
};

/** One line for the machine, and one for each change. */
export function planLines({ vm, action, changes }: MachinePlan): string[] {
  return [
    `${vm} ${WILL[action]}`,
    ...changes.map(
      ({ kind, what, effect }) => `  ${KINDS[kind](what)} (${effect === 'live' ? 'live' : `needs a ${effect}`})`,
    ),
  ];
}

export function doneWord({ action }: MachinePlan): string {
  return DONE[action];
}

/** What of a plan costs something that would not come back; undefined: nothing. */
export function lossOf(plans: readonly MachinePlan[]): string | undefined {
  const of = (action: MachinePlan['action']) => plans.filter((plan) => plan.action === action).map(({ vm }) => vm);
  const [anew, restarted] = [of('recreate'), of('restart')];
  const parts = [
    ...(anew.length > 0 ? [`${anew.join(', ')} would be made anew, and lose the disk`] : []),
    ...(restarted.length > 0 ? [`${restarted.join(', ')} would be restarted, and end what runs there`] : []),
  ];
  return parts.length > 0 ? `${parts.join('; ')}.` : undefined;
}
