import { API_VERSION, type ToolingDetector } from '@nook/daemonapi';
import { test } from 'vitest';
import type { AnyPlugin } from '../../any-plugin.ts';
import { saidOf } from '../fault.fixture.ts';

const zig: ToolingDetector = {
  name: 'zig',
  files: ['build.zig'],
  detect: (files) => (files.has('build.zig') ? [{ tool: 'zig', file: 'build.zig', why: 'it is there' }] : []),
};

function withDetectors(...detectors: Partial<ToolingDetector>[]): AnyPlugin {
  return {
    name: 'detectors',
    api: API_VERSION,
    version: '1.0.0',
    from: import.meta.url,
    setup: (context) => {
      for (const detector of detectors) context.contribute('workspace.tooling', { ...zig, ...detector });
    },
  };
}

const NAMED = 'has a name, and wants files by their paths';
const ANSWERS = 'answers to any file, with the same to the same, and says which';
const found = { tool: 'zig', why: 'x' };

test.concurrent.for<[what: string, detectors: Partial<ToolingDetector>[], check: string, says: RegExp]>([
  ['nothing wrong', [{}, { name: 'other' }], ANSWERS, /^$/],
  ['a name of two words', [{ name: 'a b' }], NAMED, /'a b' is no name/],
  ['a file elsewhere', [{ files: ['../x'] }], NAMED, /is no path within a project/],
  ['a pattern', [{ files: ['*.zig'] }], NAMED, /is no path within a project/],
  ['a word for nothing', [{ detect: () => [{ ...found, file: 'build.zig' }] }], ANSWERS, /where there is no file/],
  ['an error', [{ detect: (files) => (files.size === 0 ? [] : JSON.parse('{')) }], ANSWERS, /JSON/],
  [
    'a file of another',
    [{ detect: (files) => (files.size === 0 ? [] : [{ ...found, file: 'go.mod' }]) }],
    ANSWERS,
    /'go.mod', which it did not want/,
  ],
])('a plugin with %s is told', async ([, detectors, check, says], { expect }) => {
  expect(await saidOf({ plugin: withDetectors(...detectors), check: `workspace.tooling: ${check}`, says })).toMatch(
    says,
  );
});
