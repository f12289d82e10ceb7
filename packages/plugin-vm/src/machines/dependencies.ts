import type { Clock, Dirs, EventBus, Logger, NeedsOf, Operations, Progress } from '@nook/daemonapi';
import type { VmConfig } from '../config.ts';
import type {} from '../contract.ts';
import type { Features } from '../features/features.ts';
import type { Layers } from '../layers/layers.ts';
import type { Limits } from '../limits/vm-limits.ts';
import type { Admission } from '../supervision/admission.ts';
import type { SupervisionRecords } from '../supervision/supervision-records.ts';
import type { Templates } from '../templates/templates.ts';
import type { Activity } from './activity.ts';
import type { Drivers } from './drivers.ts';
import type { GuestBuilds } from './guest-builds.ts';
import type { Initramfs } from './initramfs.ts';
import type { Records } from './records.ts';
import type { UsualTimes } from './usual-times.ts';

/** What the machines of one daemon work with. */
export interface Dependencies extends NeedsOf<'vm'> {
  readonly records: Records;
  readonly supervision: SupervisionRecords;
  readonly admission: Admission;
  readonly limits: Limits;
  readonly operations: Operations;
  readonly config: VmConfig;
  readonly dirs: Dirs;
  readonly log: Logger;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly activity: Activity;
  readonly usualTimes: UsualTimes;
  readonly drivers: Drivers;
  readonly initramfs: Initramfs;
  readonly guestBuilds: GuestBuilds;
  readonly features: Features;
  readonly templates: Templates;
  readonly layers: Layers;
}

/** The part of a call that work on a machine needs. */
export interface Caller {
  readonly opId: string;
  readonly signal: AbortSignal;
  progress(update: Progress): void;
}
