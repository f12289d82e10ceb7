import type { VmView } from '../../../packages/plugin-vm/src/contract.ts';
import type { Lab } from '../../lab.ts';

/** Calls under way at a time. */
const WORKERS = 16;

/** VMs that were never started, made by `vm.create` and removed by `vm.delete`. */
export class VmRecords implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #names: string[] = [];

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async growTo(size: number): Promise<void> {
    let missing = size - this.#names.length;
    await together(async () => {
      while (missing-- > 0) this.#names.push((await this.#lab.call<VmView>('vm.create', { image: 'busybox' })).name);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await together(async () => {
      for (let name = this.#names.pop(); name !== undefined; name = this.#names.pop()) await this.#lab.remove(name);
    });
  }
}

async function together(worker: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: WORKERS }, worker));
}
