import assert from 'node:assert/strict';
import { access, constants, stat } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import type { ImageContent, ImageWork } from '@nook/daemonapi';

/** A tar's end mark alone. */
const LEAST_BYTES = 1024;

/** What a source brings must be there, and be what it says. Programs are looked at, not run: they may take minutes. */
export async function checkContent(content: ImageContent, work: ImageWork, reference: string): Promise<void> {
  if ('tar' in content) {
    assert.ok(isAbsolute(content.tar), `the tar of '${reference}' has no absolute path`);
    await access(content.tar, constants.R_OK);
    assert.ok((await stat(content.tar)).isFile(), `the tar of '${reference}' is no file`);
  } else if ('stream' in content) {
    let bytes = 0;
    for await (const chunk of content.stream) bytes += chunk.length;
    // Packed, it may be shorter.
    assert.ok(bytes > 0, `the stream of '${reference}' is empty; a tar has ${LEAST_BYTES} bytes at least`);
  } else if ('folder' in content) {
    assert.ok(content.folder.startsWith(work.directory + sep), `the folder of '${reference}' is not in its directory`);
    assert.ok((await stat(content.folder)).isDirectory(), `the folder of '${reference}' is none`);
  } else if ('disk' in content) {
    assert.ok(content.disk.startsWith(work.directory + sep), `the disk of '${reference}' is not in its directory`);
    assert.ok((await stat(content.disk)).isFile(), `the disk of '${reference}' is no file`);
  } else if ('layers' in content) {
    assert.ok(content.layers.length > 0, `'${reference}' has no layers`);
    for (const { tar } of content.layers) {
      assert.ok(isAbsolute(tar), `a layer of '${reference}' has no absolute path`);
      assert.ok((await stat(tar)).isFile(), `a layer of '${reference}' is no file`);
    }
  } else {
    assert.ok(content.program !== '', `the program of '${reference}' has no name`);
    assert.ok(content.args.every((arg) => typeof arg === 'string' && !arg.includes('\0')));
  }
}
