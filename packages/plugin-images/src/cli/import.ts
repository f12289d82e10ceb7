import { type CliCommand, NookError } from '@nook/daemonapi';
import { archivePath } from './archive-path.ts';
import { callWithProgress, shortDigest, text } from './show.ts';

export const importCommand: CliCommand = {
  name: 'image import',
  summary: 'Make an image of a file or folder: a root file system, docker save, an OCI layout, a disk',
  positionals: [
    { name: 'path', required: true, help: 'What to import, or - for an archive on stdin; two words are NAME PATH' },
    { name: 'second', help: 'The path when the first word is the name' },
  ],
  options: {
    name: { value: 'NAME', help: 'Name of the image; made of the path when absent' },
    ref: { value: 'TAG', help: 'Which image of several in an archive or layout is meant' },
  },
  examples: [
    'nook image import root.tar.gz --name mine',
    'nook image import rootfs/ --name mine',
    'nook image import layout/ --ref v1 --name mine',
    'nook image import cloud.qcow2 --name cloud',
    'docker save IMAGE | nook image import - --name mine',
  ],
  async run({ positionals, options, context }) {
    const { name, path } = namedPath(positionals, text(options.name));
    if (path === '-' && name === undefined) {
      throw new NookError('bad_params', 'What comes on stdin has no name.', {
        hint: 'Give it one: nook image import - --name NAME',
      });
    }
    await using archive = await archivePath(path);
    const image = await callWithProgress(context, 'image.import', {
      path: archive.path,
      name,
      ref: text(options.ref),
    });
    if (context.json) context.out.json(image);
    else context.out.line(`${image.name} ${shortDigest(image.digest)}`);
  },
};

function namedPath(words: Readonly<Record<string, unknown>>, name: string | undefined) {
  const [first, second] = [text(words.path), text(words.second)];
  if (second === undefined) return { name, path: first ?? '' };
  if (name === undefined) return { name: first, path: second };
  throw new NookError('bad_params', 'The image was given two names.', { hint: 'Leave out --name, or the first word.' });
}
