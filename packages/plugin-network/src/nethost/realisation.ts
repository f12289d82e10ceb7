import type { DesiredState, DesiredStateInput } from '@nook/netstate';
import type { PublishedPort } from '../contract.ts';

/** Where a network is made: what is made there is the same description, whichever it is. */
export interface Realisation {
  readonly bridge: string;
  /** Whose taps they are. */
  readonly ownerUid: number;
  /** Where the name server listens, which guests ask at the usual port. */
  readonly dnsPort: number;
  /** What the rules refuse and record can be seen. */
  readonly traced: boolean;
  /** Makes the network this. @throws NookError, also when a port of the host is taken; what was made is then not known */
  make(state: DesiredState): Promise<void>;
  /** From where a published port is led to its guest. */
  arrival(port: PublishedPort): Pick<NonNullable<DesiredStateInput['forwards']>[number], 'host_address' | 'host_port'>;
  /** Has what is sent to these ports of the host arrive, and no others. @throws NookError `conflict` when one is taken */
  listen(ports: readonly PublishedPort[]): Promise<void>;
  /** The name server answers at the network's own address. */
  named?(address: string): Promise<void>;
  /** Nobody is on the network any more. */
  remove?(): Promise<void>;
}
