import assert from 'node:assert/strict';
import type { ToolingDetector } from '@nook/daemonapi';
import type { ConformanceCheck } from '../check.ts';
import type { Subject } from '../options.ts';
import { subjectBox } from '../subject-box.ts';

const NAME = /^[a-z0-9][a-z0-9.-]{0,62}$/i;
/** What a file may be that somebody has called so. */
const NONSENSE = ['', '\0', '{', '{"engines":[]}', '[[x]]\n[x]', '= =', 'null', '\u001b[2J', 'x'.repeat(256 * 1024)];

async function withDetectors(
  subject: Subject,
  examine: (detectors: readonly ToolingDetector[]) => void,
): Promise<void> {
  await using box = await subjectBox(subject);
  await box.start();
  const { contributed } = box.of(subject.plugin.name);
  examine(
    contributed.filter(({ point }) => point === 'workspace.tooling').map(({ value }) => value as ToolingDetector),
  );
}

/** What holds for every `workspace.tooling`. */
export const toolingDetectorSeam: readonly ConformanceCheck[] = [
  {
    name: 'workspace.tooling: has a name, and wants files by their paths',
    run: (subject) =>
      withDetectors(subject, (detectors) => {
        for (const { name, files } of detectors) {
          assert.match(name, NAME, `'${name}' is no name of a detector`);
          assert.ok(files.length > 0, `${name} wants no file`);
          for (const file of files) {
            const parts = file.split('/');
            assert.ok(
              parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\0*?]/.test(file),
              `${name} wants '${file}', which is no path within a project`,
            );
          }
        }
      }),
  },
  {
    name: 'workspace.tooling: answers to any file, with the same to the same, and says which',
    run: (subject) =>
      withDetectors(subject, (detectors) => {
        for (const { name, files, detect } of detectors) {
          assert.deepEqual(detect(new Map()), [], `${name} finds something where there is no file`);
          for (const text of NONSENSE) {
            const given = new Map(files.map((file) => [file, text]));
            const found = detect(given);
            assert.deepEqual(detect(given), found, `${name} does not answer twice alike`);
            for (const { tool, file } of found) {
              assert.ok(tool !== '', `${name} finds a tool without a name`);
              assert.ok(files.includes(file), `${name} finds something in '${file}', which it did not want`);
            }
          }
        }
      }),
  },
];
