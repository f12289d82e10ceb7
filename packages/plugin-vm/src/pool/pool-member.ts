import { isAlive, killExactly } from '@nook/wire';
import { ANSWER_MS, type VmhostLink } from '../hosts/vmhost-link.ts';
import type { MemberRecord } from './pool-records.ts';

interface MemberParts {
  readonly record: MemberRecord;
  readonly dir: string;
  readonly link: VmhostLink;
}

/** A machine that stands still and waits to become a VM. */
export class PoolMember {
  readonly record: MemberRecord;
  readonly dir: string;
  readonly link: VmhostLink;

  constructor({ record, dir, link }: MemberParts) {
    this.record = record;
    this.dir = dir;
    this.link = link;
  }

  /** It can be claimed now. */
  get ready(): boolean {
    const status = this.link.status;
    return status?.pooled === true && status.state === 'paused';
  }

  /** Ends its processes. */
  async end(opId: string): Promise<void> {
    const { vmhost } = this.record;
    await this.link.call('force_stop', {}, { opId, timeoutMs: ANSWER_MS }).catch(() => {
      if (isAlive(vmhost)) killExactly(vmhost);
    });
    await this.link.closed;
  }
}
