import { type CliCommand, isNookError, NookError } from '@nook/daemonapi';
import { FILE_OPTION } from './project/file-option.ts';

export const projectLogs: CliCommand = {
  name: 'project logs',
  summary: 'What a service of nook.toml has written, in this boot of its machine',
  positionals: [
    { name: 'SERVICE', required: true, help: '[MACHINE/]SERVICE; the machine where two have one of that name' },
  ],
  options: { ...FILE_OPTION, follow: { short: 'f', help: 'go on with what it writes, over restarts' } },
  examples: ['nook project logs app', 'nook project logs -f web/app'],
  async run({ positionals, options, context }) {
    const { findProject } = await import('./project/find-project.ts');
    const { findService } = await import('./project/find-service.ts');
    const file = findProject(options.file as string | undefined, process.cwd());
    const { vm, service } = findService(await context.call('project.list', { file }), positionals.SERVICE as string);
    if (context.json) throw new NookError('bad_params', 'What a service writes is no JSON.');
    const print = async (session: string, follow: boolean) => {
      const words = ['vm', 'logs', '--session', session, ...(follow ? ['-f'] : []), vm];
      await context.run(words).catch((error: unknown) => {
        // Of older runs no more is kept than there is room for.
        if (!isNookError(error) || error.code !== 'not_found') throw error;
      });
    };
    for (const session of service.earlier_sessions) await print(session, false);
    if (service.session === undefined) return;
    await print(service.session, options.follow === true);
    for (let last = service.session; options.follow === true && !context.signal.aborted; ) {
      const asked = { vm, service: service.name, session: last };
      const next = await context.call('project.services.next', asked);
      if (next.session === undefined || next.session === last) return;
      last = next.session;
      await print(last, true);
    }
  },
};
