import { registerCli } from '@nook/daemonapi';
import { attach } from './attach.ts';
import { cp } from './cp.ts';
import { create } from './create.ts';
import { exec } from './exec.ts';
import { featureSet } from './feature-set.ts';
import { fork } from './fork.ts';
import { kill } from './kill.ts';
import { list } from './list.ts';
import { logs } from './logs.ts';
import { pause } from './pause.ts';
import { poolShow } from './pool.ts';
import { ports } from './ports.ts';
import { proxy } from './proxy.ts';
import { prune } from './prune.ts';
import { rename } from './rename.ts';
import { restart } from './restart.ts';
import { resume } from './resume.ts';
import { rm } from './rm.ts';
import { run } from './run.ts';
import { set } from './set.ts';
import { show } from './show.ts';
import { snapshotCreate, snapshotList, snapshotRestore, snapshotRm } from './snapshot.ts';
import { start } from './start.ts';
import { stats } from './stats.ts';
import { stop } from './stop.ts';
import { suspend } from './suspend.ts';
import { templateList, templateRm } from './template.ts';
import { warm } from './warm.ts';

registerCli({
  commands: [
    ...[
      run,
      exec,
      list,
      show,
      logs,
      create,
      start,
      stop,
      restart,
      pause,
      resume,
      suspend,
      kill,
      rm,
      rename,
      set,
      prune,
    ],
    ...[fork, snapshotCreate, snapshotList, snapshotRestore, snapshotRm],
    ...[attach, cp, proxy, stats, ports, featureSet, warm, templateList, templateRm, poolShow],
  ],
  names: { VM: 'vm.list' },
});
