import { type Access, NookError } from '@nook/daemonapi';
import type { Peer } from '@nook/wire/peer-credentials';

const RANK: Readonly<Record<Access, number>> = { read: 0, write: 1, admin: 2 };

export interface AccessRules {
  /** Whose daemon this is. */
  readonly uid: number;
  /** `[daemon.access]`: what other users may do. */
  readonly granted: Readonly<Record<string, Access>>;
}

/** What a peer may do; undefined: nothing at all. */
export function accessOf(peer: Peer | undefined, { uid, granted }: AccessRules): Access | undefined {
  if (peer === undefined) return undefined;
  if (peer.uid === uid || peer.uid === 0) return 'admin';
  return Object.hasOwn(granted, String(peer.uid)) ? granted[String(peer.uid)] : undefined;
}

export function allows(has: Access, needed: Access): boolean {
  return RANK[has] >= RANK[needed];
}

export function refusedPeer(peer: Peer | undefined): NookError {
  const who = peer === undefined ? 'an unknown user' : `user ${peer.uid}`;
  return new NookError('unauthorized', `This daemon does not serve ${who}.`, {
    hint: 'Call it as the user that it belongs to, or grant access in [daemon.access] of its config.toml.',
  });
}
