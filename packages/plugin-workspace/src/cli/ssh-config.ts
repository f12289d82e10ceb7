import { rm } from 'node:fs/promises';
import { type CliCommand, NookError } from '@nook/daemonapi';

export const sshConfig: CliCommand = {
  name: 'ssh-config',
  summary: 'Make every VM a host of ssh, scp, rsync and git: NAME.nook',
  options: {
    install: { help: 'add one Include line to ~/.ssh/config' },
    uninstall: { help: 'take it away again' },
  },
  examples: ['nook ssh-config --install', 'nook ssh-config', 'nook ssh-config --uninstall'],
  async run({ options, context }) {
    if (options.install === true && options.uninstall === true) {
      throw new NookError('bad_params', '--install and --uninstall exclude each other.');
    }
    const { ownConfig, writeOwnConfig } = await import('./ssh/own-config.ts');
    const { hasInclude, withInclude, withoutInclude } = await import('./ssh/include-line.ts');
    const { changeUserConfig, userConfigPath } = await import('./ssh/user-config.ts');
    const own = await ownConfig(context);
    const answer = { config_file: own.path, user_config_file: userConfigPath(), ...own.files };
    if (options.uninstall === true) {
      const outcome = await changeUserConfig((text) => withoutInclude(text, own.path));
      await rm(own.path, { force: true });
      if (context.json) context.out.json({ ...answer, installed: false });
      else
        context.out.note(
          outcome === 'same' ? 'nook: it was not installed' : `nook: ${answer.user_config_file} is as it was`,
        );
      return;
    }
    if (options.install !== true) {
      if (context.json) context.out.json({ ...answer, config: own.text });
      else context.out.line(own.text.trimEnd());
      return;
    }
    await writeOwnConfig(own);
    await changeUserConfig((text) => (hasInclude(text, own.path) ? text : withInclude(text, own.path)));
    if (context.json) context.out.json({ ...answer, installed: true });
    else context.out.note(`nook: ${answer.user_config_file} includes ${own.path}; try: ssh NAME.nook`);
  },
};
