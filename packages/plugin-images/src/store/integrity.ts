import type { DoctorCheck, DoctorFinding } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import type { KernelManifest } from '../kernel/kernel-builder.ts';
import { runJob } from '../worker/run-job.ts';
import type { ImageManifest } from './image-builder.ts';
import type { Keeper } from './keeper.ts';
import type { Manifest, RecordStore, Stored } from './record-store.ts';
import { treeBytes } from './tree-bytes.ts';

interface OfEach<I, K> {
  readonly image: I;
  readonly kernel: K;
}
type Stores = OfEach<RecordStore<ImageManifest>, RecordStore<KernelManifest>>;
type Keepers = OfEach<Keeper<ImageManifest>, Keeper<KernelManifest>>;

interface Look {
  readonly kind: 'image' | 'kernel';
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** Reads all images and kernels and compares them with what they were when they were stored. */
export function integrityCheck(stores: Stores, keepers: Keepers): DoctorCheck {
  const look = async (signal: AbortSignal, fix: boolean) => [
    ...(await examine(stores.image, keepers.image, { kind: 'image', fix, signal })),
    ...(await examine(stores.kernel, keepers.kernel, { kind: 'kernel', fix, signal })),
  ];
  return {
    name: 'images.integrity',
    run: (signal) => look(signal, false),
    fix: (signal) => look(signal, true),
  };
}

async function examine<M extends Manifest>(
  store: RecordStore<M>,
  keeper: Keeper<M>,
  { kind, fix, signal }: Look,
): Promise<DoctorFinding[]> {
  const contents = new Map(store.list().map((stored) => [stored.manifest.digest, stored]));
  const findings: DoctorFinding[] = [];
  let bytes = 0;
  let whole = 0;
  for (const stored of contents.values()) {
    if (stored.manifest.content_sha256 === undefined) continue;
    if (await isWhole(stored, signal)) {
      whole += 1;
      bytes += await treeBytes(stored.directory);
    } else findings.push(await damaged(store, keeper, { stored, kind, fix, signal }));
  }
  const evidence = `${whole} as they were stored (${formatByteSize(bytes)} read)`;
  return [{ status: 'ok', item: `${kind}s`, evidence }, ...findings];
}

async function isWhole<M extends Manifest>({ manifest, directory }: Stored<M>, signal: AbortSignal): Promise<boolean> {
  try {
    const follow = 'external' in manifest;
    const { sha256 } = await runJob({ job: 'hash', directory, follow }, { signal, progress: () => {} });
    return sha256 === manifest.content_sha256;
  } catch (error) {
    if (signal.aborted) throw error;
    // What cannot be read is not whole.
    return false;
  }
}

async function damaged<M extends Manifest>(
  store: RecordStore<M>,
  keeper: Keeper<M>,
  { stored, kind, fix, signal }: Look & { readonly stored: Stored<M> },
): Promise<DoctorFinding> {
  const { name, manifest } = stored;
  const item = `${kind} ${name}`;
  const evidence = `${manifest.digest} is not what was stored`;
  if (!fix) {
    const does = 'removes it, unless a VM uses it; what is ours is pulled anew when it is next used';
    return { status: 'error', item, evidence, repair: 'nook doctor --fix', fix: does };
  }
  try {
    await store.remove(manifest.digest, (found) => keeper.refuseUsed(found), signal);
    const next = 'external' in manifest ? 'the file stays' : 'it is pulled anew when it is next used';
    return { status: 'ok', item, evidence, fixed: `removed; ${next}` };
  } catch (error) {
    const repair = `Save what their disks hold, remove those VMs, then again: nook doctor --fix`;
    return { status: 'error', item, evidence: `${evidence}. ${(error as Error).message}`, repair };
  }
}
