import ipaddr from 'ipaddr.js';
import type { DesiredStateInput } from './index.ts';
import { TestNamespace } from './namespace.fixture.ts';
import { guest } from './states.fixture.ts';

/** Addresses of the host's uplink and of the machine outside. It has one that is private as well, behind the same link. */
export const OUTSIDE = {
  host: '198.51.100.1',
  host6: '2001:db8:1::1',
  far: '198.51.100.2',
  far6: '2001:db8:1::2',
  private: '10.200.0.2',
};

/** Answers who asks, on a port of both families. */
const whoAsks = (port: number) => `socat TCP6-LISTEN:${port},ipv6only=0,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR'`;

/** A host with an uplink to a machine outside, and two guests, each a namespace behind a tap of the state. */
export class Lab implements AsyncDisposable {
  readonly host: TestNamespace;
  readonly outside: number;
  readonly #guests = new Map<number, number>();

  private constructor(host: TestNamespace, outside: number) {
    this.host = host;
    this.outside = outside;
  }

  static async make(state: DesiredStateInput): Promise<Lab> {
    const host = await TestNamespace.make();
    const lab = new Lab(host, await host.neighbour());
    await host.run(`ip link add up0 type veth peer name up0 netns ${lab.outside}
      ip address add ${OUTSIDE.host}/24 dev up0; ip address add ${OUTSIDE.host6}/64 dev up0 nodad; ip link set up0 up
      ip route add 10.200.0.0/16 dev up0`);
    // It knows no way to the guests: what it answers goes to the host.
    await host.run(
      `ip address add ${OUTSIDE.far}/24 dev up0; ip address add ${OUTSIDE.far6}/64 dev up0 nodad
      ip address add ${OUTSIDE.private}/16 dev up0; ip link set up0 up`,
      lab.outside,
    );
    await host.reconcile(state);
    for (const number of [2, 3]) await lab.#attach(number);
    for (const port of [80, 81]) await lab.serve(lab.outside, port);
    for (const number of [2, 3]) await lab.serve(lab.guest(number), 80);
    return lab;
  }

  /** @returns the pid of a process in the guest */
  guest(number: number): number {
    return this.#guests.get(number) as number;
  }

  /** What a guest's machine does with a tap: takes its frames to another network card, one by one. */
  async #attach(number: number): Promise<void> {
    const { name, mac, addresses } = guest(number);
    const pid = await this.host.neighbour();
    this.#guests.set(number, pid);
    const card = 'TUN,tun-name=g0,tun-type=tap,iff-no-pi';
    this.host.start(
      `socat TUN,tun-name=${name},tun-type=tap,iff-no-pi EXEC:"nsenter --net=/proc/${pid}/ns/net socat STDIO ${card.replaceAll(',', '\\,')}",so-type=2`,
    );
    await this.host.run(
      `until ip link show g0 >/dev/null 2>&1; do sleep 0.05; done
      ip link set g0 address ${mac} up; ip address add ${addresses[0]}/24 dev g0; ip address add ${addresses[1]}/64 dev g0 nodad
      ip route add default via 10.77.0.1; ip route add default via fd77::1`,
      pid,
    );
  }

  /** Settles when it listens. */
  async serve(pid: number, port: number, server = whoAsks(port)): Promise<void> {
    this.host.start(server, pid);
    await this.host.run(`until ss -Hltn 'sport = :${port}' | grep -q .; do sleep 0.05; done`, pid);
  }

  /** @returns what is answered; `no` where nothing is */
  async ask(from: number, address: string, port: number): Promise<string> {
    const target = address.includes(':') ? `TCP6:[${address}]` : `TCP4:${address}`;
    const line = `socat -t 5 -T 5 - ${target}:${port},connect-timeout=2 </dev/null 2>/dev/null || echo no`;
    const answer = (await this.host.run(line, from)).trim().replace(/[[\]]/g, '');
    // The server of both families says IPv4 addresses in the words of IPv6.
    return ipaddr.isValid(answer) ? ipaddr.process(answer).toString() : answer || 'no';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.host[Symbol.asyncDispose]();
  }
}
