import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CliContext } from '@nook/daemonapi';
import type { CopyOptions } from '../cp.ts';
import { copyInto } from './copy-into.ts';
import { copyOut } from './copy-out.ts';
import { packTree } from './pack-tree.ts';
import { type CopyPlan, guestName, hostName } from './paths.ts';
import { Tally } from './tally.ts';
import { TreeWriter } from './tree-writer.ts';

const SHOW_MS = 100;

/** Copies each source on its own: one that fails leaves those before it done. */
export async function runCopy(context: CliContext, plan: CopyPlan, options: CopyOptions): Promise<number> {
  const tally = plan.direction === 'into' ? new Tally() : new Tally(limitsOf(plan.target, options));
  {
    using _progress = showProgress(context, tally);
    if (plan.direction === 'into') await allInto(context, plan, { ...options, tally });
    else await allOut(context, plan, { ...options, tally });
  }
  for (const remark of tally.remarks) context.out.note(`nook: ${remark}`);
  if (context.json) context.out.json(tally.counts);
  return 0;
}

type Doing = CopyOptions & { readonly tally: Tally };

async function allInto(
  context: CliContext,
  { sources, target }: CopyPlan & { direction: 'into' },
  doing: Doing,
): Promise<void> {
  const directoryOnly = sources.length > 1;
  for (const source of sources) {
    const rename = hostName(source);
    await copyInto(context, target.vm, {
      request: {
        direction: 'into',
        path: target.path,
        ...(rename === undefined ? {} : { rename }),
        ...(doing.user === undefined ? {} : { user: doing.user }),
        ...(directoryOnly ? { directory_only: true } : {}),
      },
      records: packTree(source, doing.follow, doing.tally),
    });
  }
}

async function allOut(
  context: CliContext,
  { sources, target }: CopyPlan & { direction: 'out' },
  doing: Doing,
): Promise<void> {
  const { tally, preserve } = doing;
  const directoryOnly = sources.length > 1;
  for (const { vm, path } of sources) {
    await copyOut(context, vm, {
      request: {
        ...{ direction: 'out', path },
        ...(doing.user === undefined ? {} : { user: doing.user }),
        ...(doing.follow ? { follow: true } : {}),
      },
      sink: new TreeWriter({ path: target, name: guestName(path), directoryOnly }, { preserve, tally }),
    });
  }
}

/** A guest may send without end: it gets no more of the host's disk than the owner can spare. */
function limitsOf(target: string, { maxBytes, maxEntries }: CopyOptions): { bytes: number; entries: number } {
  return { bytes: maxBytes ?? spareBytes(target), entries: maxEntries };
}

function spareBytes(target: string): number {
  for (const place of [target, dirname(target)]) {
    try {
      const { bavail, bsize } = statfsSync(place);
      return Math.floor(bavail * bsize * 0.9);
    } catch {
      // The target itself need not be there; that its directory is, is found out by the copy.
    }
  }
  return 0;
}

function showProgress(context: CliContext, tally: Tally): Disposable {
  const progress = context.progress();
  const show = () =>
    progress.update({ stage: 'copy', done: tally.bytes, unit: 'bytes', message: `${tally.files} files` });
  const timer = setInterval(show, SHOW_MS).unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      progress[Symbol.dispose]();
    },
  };
}
