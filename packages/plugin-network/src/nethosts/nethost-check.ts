import { type DoctorCheck, type DoctorFinding, isNookError } from '@nook/daemonapi';
import type { NethostLink } from './nethost-link.ts';

interface Known {
  networks(): readonly { readonly id: string; readonly name: string }[];
  /** The nethost of a network while there is one. */
  active(id: string): Promise<NethostLink | undefined>;
  /** Ends a nethost that does not answer; settles when the next one has its place, or nobody needs one. */
  replace(id: string, link: NethostLink): Promise<void>;
}

/** Something that is wrong, and what is done about it. */
interface Fault {
  readonly item: string;
  readonly evidence: string;
  readonly fix: string;
  repair(): Promise<void>;
}

/** Whether nethosts answer, have their namespaces as they should be, and see what is refused. */
export function nethostCheck(known: Known): DoctorCheck {
  const look = async (fix: boolean): Promise<DoctorFinding[]> => {
    const networks = known.networks();
    const findings = (await Promise.all(networks.map((network) => findingsOf(known, network, fix)))).flat();
    if (findings.length > 0) return findings;
    return [{ status: 'ok', item: 'nethosts', evidence: 'each answers, and has its bridge, taps and rules' }];
  };
  return { name: 'network.nethosts', run: () => look(false), fix: () => look(true) };
}

async function findingsOf(
  known: Known,
  { id, name }: { readonly id: string; readonly name: string },
  fix: boolean,
): Promise<DoctorFinding[]> {
  const link = await known.active(id);
  if (!link) return [];
  const faults = await faultsOf(link, () => known.replace(id, link));
  const findings: DoctorFinding[] = [];
  for (const { item, evidence, fix: would, repair } of faults) {
    const of = { item: `${item} of network '${name}'`, evidence };
    if (fix) await repair();
    findings.push(
      fix ? { status: 'ok', ...of, fixed: would } : { status: 'error', ...of, repair: 'nook doctor --fix', fix: would },
    );
  }
  return findings;
}

async function faultsOf(link: NethostLink, replace: () => Promise<void>): Promise<Fault[]> {
  try {
    const { unreported } = await link.info();
    const differences = await link.inspect();
    const repair = () => link.repair();
    return [
      ...differences.map(({ kind, name, problem, detail }) => ({
        ...{ item: `${kind} ${name}`, evidence: `${problem}: ${detail}`, fix: 'makes it as it should be', repair },
      })),
      ...(unreported === undefined
        ? []
        : [{ item: 'blocks', evidence: `make no events: ${unreported}`, fix: 'watches for them again', repair }]),
    ];
  } catch (error) {
    if (!isNookError(error) || error.code !== 'timeout') throw error;
    const fix = 'ends it; another one takes its place, under its VMs';
    return [{ item: `nethost ${link.pid}`, evidence: error.message, fix, repair: replace }];
  }
}
