import { lookup } from 'node:dns/promises';
import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import type { NetworkMode } from '../contract.ts';
import { DOMAIN } from '../names/domain.ts';
import type { NethostLink } from './nethost-link.ts';

const LOOKUP_MS = 5_000;

type Link = Pick<NethostLink, 'info' | 'repair'>;

interface Known {
  networks(): readonly { readonly id: string; readonly name: string; readonly mode: NetworkMode }[];
  /** The nethost of a network while there is one. */
  active(id: string): Promise<Link | undefined>;
  /** The IPv4 addresses that this machine's resolver has for a name. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

/** Whether this machine finds a VM of each network that it takes part in by its name. */
export function namesCheck({ networks, active, resolve = resolved }: Known): DoctorCheck {
  const look = async (fix: boolean): Promise<DoctorFinding[]> => {
    const bridges = networks().filter(({ mode }) => mode === 'bridge');
    const found = await Promise.all(
      bridges.map(async ({ id, name }) => {
        const link = await active(id);
        return link ? findingOf(`names of network '${name}'`, link, { resolve, fix }) : undefined;
      }),
    );
    const findings = found.filter((each) => each !== undefined);
    if (findings.length > 0) return findings;
    return [{ status: 'ok', item: 'names', evidence: 'no VM runs that this machine could know by its name' }];
  };
  return { name: 'network.names', run: () => look(false), fix: () => look(true) };
}

interface How {
  readonly resolve: NonNullable<Known['resolve']>;
  readonly fix: boolean;
}

async function findingOf(item: string, link: Link, { resolve, fix }: How): Promise<DoctorFinding | undefined> {
  const { members } = await link.info();
  const [member] = members;
  if (!member) return undefined;
  const name = `${member.name}.${DOMAIN}`;
  const finds = async () => (await resolve(name)).includes(member.address);
  const ok = { status: 'ok', item, evidence: `this machine finds ${name} at ${member.address}` } as const;
  if (await finds()) return ok;
  if (fix) {
    await link.repair();
    if (await finds()) return { ...ok, fixed: 'has its resolver ask the network again' };
  }
  const { unrouted } = await link.info();
  const evidence = `this machine does not find ${name}, though it can reach it as ${member.address}`;
  if (unrouted !== undefined) return { status: 'warning', item, evidence, repair: unrouted };
  return {
    ...{ status: 'warning', item, evidence, repair: 'nook doctor --fix, then look at: resolvectl status' },
    ...(fix ? {} : { fix: 'has its resolver ask the network again' }),
  };
}

async function resolved(name: string): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never[]>((resolve) => {
    timer = setTimeout(resolve, LOOKUP_MS, []);
  });
  const found = lookup(name, { family: 4, all: true }).then(
    (addresses) => addresses.map(({ address }) => address),
    () => [],
  );
  return Promise.race([found, late]).finally(() => clearTimeout(timer));
}
