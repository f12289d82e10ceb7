import type { DoctorCheck } from '@nook/daemonapi';

const LONG = 40;

/** What `nook doctor` says of this plugin. It looks, and changes nothing. */
export function greetingCheck(greeting: () => string): DoctorCheck {
  return {
    name: 'template-name.greeting',
    async run() {
      const seen = { item: 'greeting', evidence: `'${greeting()}'` };
      if (greeting().length <= LONG) return [{ ...seen, status: 'ok' }];
      return [{ ...seen, status: 'warning', repair: `Make it ${LONG} characters or less.` }];
    },
  };
}
