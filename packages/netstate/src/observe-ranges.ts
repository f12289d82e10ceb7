import { readAddresses, readLinks } from './netlink/links.ts';
import { RouteSocket } from './netlink/route-socket.ts';
import { readRoutes } from './netlink/routes.ts';

/** Addresses that mean something in a network namespace, whoever brought them there. */
export interface ObservedRange {
  /** The link that has the address or that the route leads to; undefined for a route that leads nowhere, or to several. */
  readonly link: string | undefined;
  /** `ADDRESS/LENGTH` */
  readonly range: string;
  /** It is an address of this namespace, and the network around it; otherwise a route leads there. */
  readonly own: boolean;
}

/** All but default routes. @throws NookError `operation_failed`, `unavailable` */
export function observeRanges(): ObservedRange[] {
  using socket = new RouteSocket();
  const names = new Map(readLinks(socket).map(({ index, name }) => [index, name]));
  return [
    ...readAddresses(socket).map(({ index, address }) => ({ link: names.get(index), range: address, own: true })),
    ...readRoutes(socket).map(({ link, destination }) => ({
      ...{ link: link === undefined ? undefined : names.get(link), range: destination, own: false },
    })),
  ];
}
