import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import { allProcesses, killIfThere } from '@nook/wire';

interface Known {
  /** `STATE/nets` */
  readonly dir: string;
  networks(): readonly { readonly id: string; readonly name: string }[];
  /** Ends the nethost of this folder and removes it. */
  remove(id: string): Promise<void>;
}

interface NethostProcess {
  readonly pid: number;
  /** The folder of its network. */
  readonly folder: string;
}

/** What belongs to no network. */
interface Stray {
  readonly item: string;
  readonly evidence: string;
  readonly fix: string;
  repair(): Promise<void>;
}

/** Whether networks, their folders and nethosts are as many as belong together. */
export function networkInvariants(known: Known): DoctorCheck {
  const look = async (fix: boolean): Promise<DoctorFinding[]> => {
    const nethosts = nethostsBelow(known.dir);
    const strays = [...(await strayFolders(known, nethosts)), ...strayNethosts(known, nethosts)];
    const findings: DoctorFinding[] = [];
    for (const { item, evidence, fix: wouldDo, repair } of strays) {
      if (fix) await repair();
      findings.push(
        fix
          ? { status: 'ok', item, evidence, fixed: 'ended and removed' }
          : { status: 'error', item, evidence, repair: 'nook doctor --fix', fix: wouldDo },
      );
    }
    if (findings.length > 0) return findings;
    const evidence = `${known.networks().length} networks, ${nethosts.length} nethosts, and nothing that belongs to none`;
    return [{ status: 'ok', item: 'networks', evidence }];
  };
  return { name: 'network.invariants', run: () => look(false), fix: () => look(true) };
}

async function strayFolders(known: Known, nethosts: readonly NethostProcess[]): Promise<Stray[]> {
  const ids = await readdir(known.dir).catch(() => []);
  // Asked after the folder was read: what is made meanwhile is not in it.
  const own = new Set(known.networks().map(({ id }) => id));
  return ids
    .filter((id) => !own.has(id))
    .map((id) => {
      const folder = join(known.dir, id);
      const pids = nethosts.filter((each) => each.folder === folder).map(({ pid }) => pid);
      const more = pids.length === 0 ? '' : `, nor do its processes ${pids.join(', ')}`;
      return {
        ...{ item: `folder ${id}`, evidence: `${folder} belongs to no network${more}` },
        fix: 'ends its processes and removes it',
        async repair() {
          for (const pid of pids) killIfThere(pid);
          await known.remove(id);
        },
      };
    });
}

/** Those whose folder is gone, and whoever is one too many in a folder. */
function strayNethosts(known: Known, nethosts: readonly NethostProcess[]): Stray[] {
  const folders = new Set(known.networks().map(({ id }) => join(known.dir, id)));
  const present = new Set(readdirIfThere(known.dir).map((id) => join(known.dir, id)));
  const lost = nethosts.filter(({ folder }) => !folders.has(folder) && !present.has(folder));
  return lost.map(({ pid, folder }) => ({
    ...{ item: `nethost ${pid}`, evidence: `${folder}, whose nethost it is, is no more`, fix: 'ends it' },
    repair: async () => killIfThere(pid),
  }));
}

function nethostsBelow(dir: string): NethostProcess[] {
  return allProcesses().flatMap(({ pid, argv }) => {
    const at = argv.findIndex((word) => /nethost\.mjs$|nethost\/main\.[tj]s$/.test(word));
    const folder = argv[at + 1] ?? '';
    return at > 0 && dirname(folder) === dir ? [{ pid, folder }] : [];
  });
}

function readdirIfThere(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
