import { API_VERSION, type CatalogEntry } from '@nook/daemonapi';
import { test } from 'vitest';
import type { AnyPlugin } from '../../any-plugin.ts';
import { saidOf } from '../fault.fixture.ts';

const entry = { name: 'tools', summary: 'Tools.', sources: ['docker.io/library/tools:1', 'acme:tools'] };

function withEntry(change: Partial<CatalogEntry>): AnyPlugin {
  return {
    name: 'tools',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup: (context) => context.contribute('image.catalog', { ...entry, ...change }),
  };
}

test.concurrent.for<[what: string, change: Partial<CatalogEntry>, says: RegExp]>([
  ['nothing wrong', {}, /^$/],
  ['a name in capitals', { name: 'Tools' }, /Tools/],
  ['no summary', { summary: '' }, /image 'tools' has no summary/],
  ['no source', { sources: [] }, /image 'tools' comes from nowhere/],
  ['a name for a source', { sources: ['debian'] }, /a source of image 'tools' is no reference/],
])('an entry with %s is told', async ([, change, says], { expect }) => {
  expect(await saidOf({ plugin: withEntry(change), check: 'image.catalog: names', says })).toMatch(says);
});
