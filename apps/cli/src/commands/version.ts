import type { CliCommand } from '@nook/daemonapi';
import { buildInfo } from '@nook/wire';

export const version: CliCommand = {
  name: 'version',
  summary: 'Show the version of this program',
  examples: ['nook version', 'nook version --json'],
  run({ context }) {
    const node = process.versions.node;
    if (context.json) context.out.json({ ...buildInfo, node });
    else
      context.out.line(
        `nook ${buildInfo.version} (commit ${buildInfo.commit}, built ${buildInfo.build_time}, Node ${node})`,
      );
  },
};
