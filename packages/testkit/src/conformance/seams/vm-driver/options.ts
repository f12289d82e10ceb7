import type { VmDriverCapability } from '@nook/daemonapi';
import type { ConformanceOptions, Subject } from '../../options.ts';

/** What the suite must be told beside what it is told of any plugin: `with` holds the plugins of VMs, images and networks. */
export interface VmDriverOptions<Name extends string = string> extends ConformanceOptions<Name> {
  /** Name of the driver, of those that the plugin contributes. */
  readonly driver: string;
}

/** A driver with what it is tested under. */
export interface DriverSubject extends Subject {
  readonly driver: string;
}

/** One thing that holds for the machines of every driver, or of those that declare a capability. */
export interface DriverCheck {
  readonly name: string;
  /** For drivers that declare it. */
  readonly declares?: VmDriverCapability;
  /** For those that do not. */
  readonly lacks?: VmDriverCapability;
  /** @throws what does not hold */
  run(subject: DriverSubject): Promise<void>;
}
