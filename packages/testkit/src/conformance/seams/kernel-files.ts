import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { ImageWork, KernelContent } from '@nook/daemonapi';

/** What a source brings must be there, and be what it says. */
export async function checkKernelFiles(content: KernelContent, _work: ImageWork, reference: string): Promise<void> {
  const { image, initrd, modules, version } = content;
  for (const [what, path] of Object.entries({ kernel: image, initrd })) {
    if (path === undefined) continue;
    assert.ok(isAbsolute(path), `the ${what} of '${reference}' has no absolute path`);
    assert.ok((await stat(path)).isFile(), `the ${what} of '${reference}' is no file`);
  }
  if (modules !== undefined) {
    assert.ok(isAbsolute(modules), `the modules of '${reference}' have no absolute path`);
    assert.ok((await stat(modules)).isDirectory(), `the modules of '${reference}' are no folder`);
  }
  assert.notEqual(version, '', `the version of '${reference}' is empty`);
}
