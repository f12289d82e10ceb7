import { cpus } from 'node:os';

/** How busy the host's processors were between two looks. */
export class HostLoad {
  #before = total();

  /** Begins anew. */
  reset(): void {
    this.#before = total();
  }

  /** The busy share of all processors' time since the last reset, 0 to 1. */
  share(): number {
    const now = total();
    const passed = now.all - this.#before.all;
    return passed === 0 ? 0 : 1 - (now.idle - this.#before.idle) / passed;
  }
}

function total(): { readonly idle: number; readonly all: number } {
  let idle = 0;
  let all = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, all };
}
