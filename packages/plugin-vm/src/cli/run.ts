import type { CliCommand } from '@nook/daemonapi';
import { attachSession } from './attach-session.ts';
import { EXEC_OPTIONS, execRequest } from './exec-options.ts';
import { countOf, runSeveral } from './run-several.ts';
import { shapeLine } from './shape-line.ts';
import { SHAPE_OPTIONS, shapeRequest } from './shape-options.ts';
import { untilGone } from './until-gone.ts';

export const run: CliCommand = {
  name: 'vm run',
  aliases: ['run'],
  summary: 'Make a VM, start it, and run a command in it',
  options: {
    ...SHAPE_OPTIONS,
    ...EXEC_OPTIONS,
    count: { value: 'N', help: 'make so many at once, NAME-1 to NAME-N, and run the command in each' },
  },
  trailing: {
    name: 'COMMAND',
    help: 'the command and its arguments; without one: what the image runs, else a login shell',
  },
  examples: [
    'nook vm run -- make test',
    'nook vm run',
    'nook vm run --rm --memory 2G -- python3 -c "print(6 * 7)"',
    'nook vm run -d --name web --publish 8080:80 -- httpd -f',
    'nook vm run --rm --count 4 -- sh -c "hostname; nproc"',
  ],
  failureExitCode: 125,
  async run({ options, trailing, context }) {
    const detach = options.detach === true;
    const exec = detach && trailing.length === 0 ? undefined : execRequest(context, options, trailing);
    const count = countOf(options, trailing);
    if (count > 1) return runSeveral(context, { count, request: shapeRequest(options), exec, detach });
    let answer: {
      vm: Parameters<typeof shapeLine>[0];
      session?: Parameters<typeof attachSession>[1] | undefined;
    };
    {
      using progress = context.progress();
      answer = await context.call(
        'vm.run',
        { ...shapeRequest(options), ...(exec ? { exec } : {}), ...(detach ? { detach } : {}) },
        { onProgress: (update) => progress.update(update) },
      );
    }
    const { vm, session } = answer;
    if (detach || !session) {
      if (context.json) context.out.json({ ...vm, ...(session ? { session: session.session } : {}) });
      else context.out.line(vm.name);
      return 0;
    }
    if (context.stderr.isTTY && !context.json) context.out.note(shapeLine(vm));
    const code = await attachSession(context, session, {
      pty: exec?.pty !== undefined,
      command: trailing[0] ?? 'the login shell',
    });
    if (options.rm === true) await untilGone(context, vm.name);
    return code;
  },
};
