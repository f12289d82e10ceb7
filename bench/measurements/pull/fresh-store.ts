import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../lab.ts';

export interface FreshLab extends AsyncDisposable {
  readonly lab: Lab;
}

/** A home whose store has no image and no layer yet. @param options.kernels whether it has those of `from` */
export async function freshStore(from: Lab, options: { readonly kernels?: boolean } = {}): Promise<FreshLab> {
  const store = await mkdtemp(join(tmpdir(), 'nook-bench-store-'));
  if (options.kernels) {
    const { NOOK_STORE: kept = '' } = from.home.env;
    for (const below of ['kernels', 'names/kernels']) {
      await mkdir(join(store, below), { recursive: true, mode: 0o700 });
      await cp(join(kept, below), join(store, below), { recursive: true, preserveTimestamps: true });
    }
  }
  const lab = await Lab.open({ quick: from.quick, store });
  return {
    lab,
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      await rm(store, { recursive: true });
    },
  };
}
