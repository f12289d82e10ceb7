import { registerCli } from '@nook/daemonapi';
import { completion } from './completion.ts';
import { configCommands } from './config.ts';
import { daemonLogs } from './daemon-logs.ts';
import { daemonMetrics } from './daemon-metrics.ts';
import { daemonReload } from './daemon-reload.ts';
import { daemonStart } from './daemon-start.ts';
import { daemonStatus } from './daemon-status.ts';
import { daemonStop } from './daemon-stop.ts';
import { doctor } from './doctor.ts';
import { events } from './events.ts';
import { help } from './help.ts';
import { opCommands } from './op.ts';
import { pluginCommands } from './plugin.ts';
import { pluginNew } from './plugin-new.ts';
import { rpcCall } from './rpc-call.ts';
import { rpcDiscover } from './rpc-discover.ts';
import { version } from './version.ts';

registerCli({
  commands: [
    doctor,
    daemonStatus,
    daemonStart,
    daemonStop,
    daemonLogs,
    daemonMetrics,
    daemonReload,
    ...configCommands,
    events,
    ...opCommands,
    ...pluginCommands,
    pluginNew,
    rpcCall,
    rpcDiscover,
    completion,
    help,
    version,
  ],
});
