import type { DesiredStateInput } from './index.ts';

/** In a user namespace of one's own there is one user only. */
const owner = process.getuid?.() === 0 ? 1000 : 0;
export const otherOwner = process.getuid?.() === 0 ? 1001 : 0;

export const bridge = { name: 'nkbr0', addresses: ['10.77.0.1/24', 'fd77::1/64'] };

/** One network with a way out and two guests on it. */
export const twoGuests = {
  bridges: [bridge],
  taps: [guest(2), guest(3)],
  nat: [{ bridge: 'nkbr0' }],
} satisfies DesiredStateInput;

export function guest(number: number) {
  const hex = number.toString(16).padStart(2, '0');
  return {
    name: `nkt${number}`,
    bridge: 'nkbr0',
    owner_uid: owner,
    mac: `02:00:00:00:00:${hex}`,
    addresses: [`10.77.0.${number}`, `fd77::${number.toString(16)}`],
  };
}
