import type { Measurement } from '../lab.ts';
import { attack } from './attack.ts';
import { coldStart } from './cold-start.ts';
import { commandLine } from './command-line.ts';
import { daemon } from './daemon/daemon.ts';
import { execLatency } from './exec-latency.ts';
import { rootHelper } from './helper.ts';
import { manyRunning } from './many-running.ts';
import { memory } from './memory.ts';
import { network } from './network.ts';
import { pull } from './pull/pull.ts';
import { rpc } from './rpc.ts';
import { savedMachines } from './saved.ts';
import { stdio } from './stdio.ts';
import { warmStart } from './warm-start.ts';
import { workspace } from './workspace.ts';

/** In the order in which they run. */
export const measurements: Readonly<Record<string, Measurement>> = {
  rpc,
  daemon,
  attack,
  cli: commandLine,
  'cold-start': coldStart,
  'warm-start': warmStart,
  saved: savedMachines,
  'many-running': manyRunning,
  exec: execLatency,
  stdio,
  memory,
  network,
  helper: rootHelper,
  pull,
  workspace,
};
