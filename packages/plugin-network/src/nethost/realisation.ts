import type { DesiredState, DesiredStateInput, Difference, Pin, Recorded, ToldPacket } from '@nook/netstate';
import type { PublishedPort } from '../contract.ts';

/** Where a network is made: what is made there is the same description, whichever it is. */
export interface Realisation {
  readonly bridge: string;
  /** Whose taps they are. */
  readonly ownerUid: number;
  /** Where the name server listens, which guests ask at the usual port. */
  readonly dnsPort: number;
  /** Others work there too: what was made need not be there any more. */
  readonly shared: boolean;
  /** Makes the network this. @throws NookError, also when a port of the host is taken; what was made is then not known */
  make(state: DesiredState): Promise<void>;
  /** What there is that is not so. Absent: somebody else looks. */
  differences?(state: DesiredState): Promise<readonly Difference[]>;
  /** What was made is looked at, not remembered, when it is made the next time. */
  doubt?(): void;
  /** Lets guests reach what they are about to be answered. @throws NookError */
  pin(pins: readonly Pin[]): Promise<void>;
  /** Where its guests wanted to go in the last hour. @throws NookError */
  recorded(): Promise<readonly Recorded[]>;
  /** Tells of packets that are refused or recorded from now on. @param onEnd nothing is seen any more */
  watch(onPacket: (packet: ToldPacket) => void, onEnd: (why: string) => void): void;
  /** How many packets were not told of since this was asked last. Absent: nobody knows. */
  untold?(): Promise<number>;
  /** From where a published port is led to its guest. */
  arrival(port: PublishedPort): Pick<NonNullable<DesiredStateInput['forwards']>[number], 'host_address' | 'host_port'>;
  /** Has what is sent to these ports of the host arrive, and no others. @throws NookError `conflict` when one is taken */
  listen(ports: readonly PublishedPort[]): Promise<void>;
  /**
   * The name server answers at the network's own address. Absent: the host cannot ask it.
   * @returns what is to be done that the host asks it; undefined: it does
   */
  named?(address: string): Promise<string | undefined>;
  /** Nobody is on the network any more. */
  remove?(): Promise<void>;
}
