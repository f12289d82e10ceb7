import type { CliCommand } from '@nook/daemonapi';
import { formatByteSize } from '../byte-size.ts';
import { shortDigest } from './show.ts';

const prune = (kind: 'image' | 'kernel'): CliCommand => ({
  name: `${kind} prune`,
  summary: `Remove ${kind}s that have no name and that no VM uses`,
  options: {
    all: { help: 'Also those that have a name, but for what was asked for in the last ten minutes' },
    'dry-run': { help: 'Only say what would be removed' },
  },
  examples: [`nook ${kind} prune --dry-run`, `nook ${kind} prune --all`],
  async run({ options, context }) {
    const pruned = await context.call(`${kind}.prune`, {
      all: options.all === true,
      dry_run: options['dry-run'] === true,
    });
    if (context.json) return context.out.json(pruned);
    context.out.table(
      ['NAME', 'DIGEST', 'BYTES'],
      pruned.removed.map(({ name, digest, bytes }) => [name, shortDigest(digest), formatByteSize(bytes)]),
    );
    if ('blobs' in pruned && pruned.blobs.files > 0) {
      const { files, bytes } = pruned.blobs;
      context.out.note(`with ${files} ${files === 1 ? 'layer' : 'layers'} of registries: ${formatByteSize(bytes)}`);
    }
    context.out.note(`${formatByteSize(pruned.bytes)} ${pruned.dry_run ? 'would be free' : 'freed'}`);
  },
});

export const pruneCommands: readonly CliCommand[] = [prune('image'), prune('kernel')];
