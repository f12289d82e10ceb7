import type { LinkChange } from './link-changes.ts';
import {
  addAddress,
  addBridge,
  deleteAddress,
  deleteLink,
  indexOfLink,
  setIsolated,
  setLink,
} from './netlink/links.ts';
import { RouteSocket } from './netlink/route-socket.ts';
import { addTap } from './netlink/tap.ts';

/** @throws NookError `operation_failed` at the first that the kernel refuses: those before it were made */
export function changeLinks(changes: readonly LinkChange[]): void {
  if (changes.length === 0) return;
  using socket = new RouteSocket();
  for (const each of changes) changeLink(socket, each);
}

function changeLink(socket: RouteSocket, change: LinkChange): void {
  const { name } = change;
  switch (change.kind) {
    case 'delete':
      deleteLink(socket, name);
      break;
    case 'add-bridge':
      addBridge(socket, name, change.mac);
      break;
    case 'add-tap':
      addTap(change);
      break;
    case 'set': {
      const { master, ...settings } = change;
      setLink(socket, name, { ...settings, master: master === undefined ? undefined : indexOfLink(master) });
      break;
    }
    case 'isolate':
      setIsolated(socket, name, change.isolated);
      break;
    case 'add-address':
      addAddress(socket, indexOfLink(name), change.address);
      break;
    case 'delete-address':
      deleteAddress(socket, indexOfLink(name), change.address);
      break;
  }
}
