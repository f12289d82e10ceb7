import { addressText, readAttributes } from './attributes.ts';
import { AF_INET, AF_INET6, type RouteSocket } from './route-socket.ts';

/** <linux/rtnetlink.h> */
const RTM_GETROUTE = 26;
const RTA = { destination: 1, link: 4 } as const;
const ROUTE_BYTES = 12;

export interface Route {
  /** `ADDRESS/LENGTH` */
  readonly destination: string;
  /** Index of the link that it leads to; undefined for those that lead nowhere, or to several. */
  readonly link: number | undefined;
}

/** Of every table, but for default routes. */
export function readRoutes(socket: RouteSocket): Route[] {
  return [AF_INET, AF_INET6].flatMap((family) => {
    const body = Buffer.alloc(ROUTE_BYTES);
    body[0] = family;
    return socket.list('list the routes', { type: RTM_GETROUTE, body }).flatMap((answer) => {
      const attributes = readAttributes(answer.subarray(ROUTE_BYTES));
      const destination = attributes.get(RTA.destination);
      if (destination === undefined) return [];
      const network = `${addressText(destination)}/${answer[1]}`;
      return [{ destination: network, link: attributes.get(RTA.link)?.readUInt32LE() }];
    });
  });
}
