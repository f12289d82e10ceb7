import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine } from '../../packages/engine/src/index.ts';
import { images } from '../../packages/plugin-images/src/plugin.ts';
import { network } from '../../packages/plugin-network/src/plugin.ts';
import { vm } from '../../packages/plugin-vm/src/plugin.ts';
import { workspace } from '../../packages/plugin-workspace/src/plugin.ts';

export interface BundledEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly home: string;
}

/**
 * What `nookd` is made of, in a home of its own.
 * @param options.before what an earlier daemon of that home is to have left: called once one has made the store
 */
export async function bundledEngine({
  before,
}: {
  readonly before?: (home: string) => Promise<void>;
} = {}): Promise<BundledEngine> {
  const home = await mkdtemp(join(tmpdir(), 'nook-'));
  const create = () =>
    createEngine({ plugins: [images, network, vm, workspace], env: { NOOK_HOME: home }, checkResults: true });
  if (before !== undefined) {
    const earlier = create();
    await earlier.start();
    await earlier.stop();
    await before(home);
  }
  const engine = create();
  await engine.start();
  return {
    engine,
    home,
    async [Symbol.asyncDispose]() {
      await engine.stop();
      await rm(home, { recursive: true });
    },
  };
}
