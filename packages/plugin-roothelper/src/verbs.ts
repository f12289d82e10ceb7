import { isIP } from 'node:net';
import { bridgeSchema, desiredState, pinSchema, rulesSchema, tapSchema } from '@nook/netstate';
import { z } from 'zod';

const none = z.strictObject({});
const link = bridgeSchema.shape.name;
const scopeName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be small letters, digits and dashes, 40 at most');

/** Where names below `.nook` are asked. */
export const routingSchema = z.strictObject({
  bridge: link,
  /** An address of that bridge. */
  address: z.string().refine((text) => isIP(text) !== 0 && !text.includes('%'), 'must be an address'),
  port: z.int().min(1).max(65_535).default(53),
});

/** All that the helper does, by name: what each takes is checked against this, then by the gates, before anything is done. */
export const VERBS = {
  status: z.strictObject({
    /** Looks at the host too, and says what is not as it should be. */
    check: z.boolean().default(true),
  }),
  /** Makes the host what the helper was told last, or what it is told now. */
  reconcile: z.strictObject({ state: desiredState.optional() }),
  /** One bridge with all that belongs to it, in place of what did before; what belongs to others stays. */
  'network.set': desiredState.refine(({ bridges }) => bridges.length === 1, 'must have one bridge'),
  /** The bridge with all that belongs to it. */
  'network.remove': z.strictObject({ name: link }),
  'bridge.ensure': bridgeSchema,
  'bridge.remove': z.strictObject({ name: link }),
  'tap.create': tapSchema,
  'tap.delete': z.strictObject({ name: link }),
  /** Translation, published ports and egress of all networks, in one transaction, with the settings that they need. */
  'rules.replace': rulesSchema,
  /** Lets guests reach what names of their lists were answered with, for a while. */
  'egress.pin': z.strictObject({ pins: z.array(pinSchema).min(1).max(256) }),
  /** Where guests of a bridge wanted to go in the last hour: what was refused, and what was audited. */
  'egress.recorded': z.strictObject({ bridge: link }),
  /** The same while it happens: an event for each packet, for as long as the caller keeps the call. */
  'egress.watch': z.strictObject({ bridge: link }),
  'names.route': routingSchema,
  'names.unroute': z.strictObject({ bridge: link }),
  /** A cgroup of a process of the owner's, delegated to the owner. */
  'scope.create': z.strictObject({ name: scopeName, pid: z.int().min(2).max(4_194_304) }),
  'scope.remove': z.strictObject({ name: scopeName }),
  /** Leaves nothing of the helper's; for root alone. */
  uninstall: none,
} as const;

export type Verb = keyof typeof VERBS;
/** What a caller sends: defaults may be absent. */
export type VerbInput<V extends Verb> = z.input<(typeof VERBS)[V]>;
export type VerbParams<V extends Verb> = z.output<(typeof VERBS)[V]>;
