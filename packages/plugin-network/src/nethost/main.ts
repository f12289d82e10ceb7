import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { identify, JsonLog, listenUnix, writeFileAtomic } from '@nook/wire';
import { NameServer } from '../names/name-server.ts';
import { Control } from './control.ts';
import { Egress } from './egress.ts';
import { HostBridge } from './host-bridge.ts';
import { KnownNames } from './known-names.ts';
import { Members } from './members.ts';
import { NETHOST_FILES, type NethostSpec } from './nethost-spec.ts';
import { OwnNamespace } from './own-namespace.ts';
import { PacketWatch } from './packet-watch.ts';
import type { Realisation } from './realisation.ts';
import { Reports } from './reports.ts';
import { nameServerOf } from './resolv-conf.ts';
import { RoutedNames } from './routed-names.ts';

/** Inherited from the daemon: a line to it says that the control socket listens; its end, that it is on its own. */
const DAEMON_FD = 3;
/** Inherited: its other end is the uplink's, which ends when this process does. */
const UPLINK_FD = 4;
/** The host's resolver, as slirp4netns has it. */
const UPSTREAM = { address: '10.0.2.3', port: 53 };
/** How long VMs that were on a nethost that died have to find the next one. */
const REJOIN_MS = 10_000;

/** `nethost DIR --token=TOKEN`: keeps the network that `DIR/spec.json` describes, in its namespace, until no VM is on it. */
async function main(dir: string): Promise<void> {
  process.umask(0o077);
  const spec = JSON.parse(await readFile(join(dir, NETHOST_FILES.spec), 'utf8')) as NethostSpec;
  const log = new JsonLog(join(dir, NETHOST_FILES.log), () => ({ pid: process.pid, network: spec.name }));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'nethost fails');
    process.exit(1);
  });
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});

  const names = new KnownNames();
  const reports = new Reports();
  const egress: Egress = new Egress({
    ...{ dir, log, names, realisation: () => realisation },
    onRefused: (member, name) => watch.refusedName(member, name),
    inTurn: (work) => members.inTurn(work),
  });
  const { id, helper, op_id: opId } = spec;
  const realisation: Realisation =
    helper === undefined
      ? new OwnNamespace({ log, held: spec.held === true, onRules: () => egress.forgetPins() })
      : new HostBridge({ id, helper, opId, log });
  const members: Members = new Members(spec, { dir, log, egress, realisation });
  const watch = new PacketWatch({
    ...{ spec, dir, log, names, reports, realisation },
    members: () => members.all(),
    egress,
  });
  let server: Awaited<ReturnType<typeof listenUnix>> | undefined;
  let ending = false;
  const end = async (why: string) => {
    if (ending) return;
    ending = true;
    control.close();
    log.info({ why }, 'nethost ends');
    await server?.close();
    await realisation.remove?.().catch((error: Error) => log.error({ error: error.message }, 'the bridge stays'));
    for (const name of [NETHOST_FILES.pid, NETHOST_FILES.members, NETHOST_FILES.uplink])
      rmSync(join(dir, name), { force: true });
    process.exit(0);
  };
  const address = spec.gateway.split('/')[0] as string;
  const routed = new RoutedNames(realisation, address);
  const control: Control = new Control({
    ...{ spec, members, watch, reports, names: routed, log },
    onIdle: (why) => void end(why),
  });
  await members.apply();
  watch.start();
  await NameServer.listen({
    ...{ address, port: realisation.dnsPort, log },
    ...{
      hosts: () => members.all(),
      guests: egress.names(() => members.all(), address),
      upstream: spec.isolated ? undefined : upstreamOf(spec),
    },
  });
  server = await listenUnix(join(dir, NETHOST_FILES.socket), (socket) => control.serve(socket));
  await writeFileAtomic(join(dir, NETHOST_FILES.pid), JSON.stringify(identify(process.pid, spec.token)));
  process.on('SIGTERM', () => void end('SIGTERM'));

  const waitForMissing = () =>
    setTimeout(() => {
      // What the network is made of stays as long as a machine is on it: a slow host is not an empty one.
      if (members.forgetMissing() > 0) waitForMissing();
      control.look('nobody came');
    }, REJOIN_MS);
  waitForMissing();
  const daemon = new Socket({ fd: DAEMON_FD }).on('error', () => {});
  daemon.resume().write('ready\n');
  void routed.route();
  if (!spec.isolated && helper === undefined)
    watchUplink(() => {
      // The daemon starts another one in this namespace, with an uplink of its own.
      log.error('the uplink is gone');
      process.exit(1);
    });
  log.info({ isolated: spec.isolated }, 'nethost is up');
}

function upstreamOf({ dns, helper }: NethostSpec): { readonly address: string; readonly port: number } | undefined {
  if (dns === undefined) return helper === undefined ? UPSTREAM : nameServerOf();
  const [address = UPSTREAM.address, port] = dns.split(':');
  return { address, port: port === undefined ? UPSTREAM.port : Number(port) };
}

function watchUplink(onGone: () => void): void {
  const uplink = new Socket({ fd: UPLINK_FD });
  uplink
    .on('error', () => {})
    .on('close', onGone)
    .resume();
}

const dir = process.argv[2];
if (dir === undefined) {
  process.stderr.write('nethost keeps one network; it is started by nookd with the folder of the network.\n');
  process.exit(2);
}
await main(dir);
