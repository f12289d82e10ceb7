import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AS_NAMES, AS_PATCH, compareFiles } from './compare-files.ts';
import { repositoryFacts } from './facts.ts';
import { findRepository, type Repository } from './find-repository.ts';
import { Folder } from './repository.fixture.ts';
import { stage } from './stage.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder[Symbol.dispose]());

/** What a guest without git has of a repository `r`, and what it has kept. */
async function send() {
  const repository = (await findRepository(folder.at('r'))) as Repository;
  mkdirSync(folder.at('sent'));
  const wishes = { includeUntracked: false, skipSubmodules: false };
  const { prepared } = await stage(repository, await repositoryFacts(repository), {
    folder: folder.at('sent'),
    wishes,
  });
  const packs = folder.at('sent/.git/objects/pack');
  renameSync(join(packs, readdirSync(packs).find((name) => name.endsWith('.pack')) as string), folder.at('pack'));
  rmSync(folder.at('sent/.git'), { recursive: true });
  return { repository, prepared };
}

let count = 0;
function compare(sent: Awaited<ReturnType<typeof send>>, how: readonly string[], base?: string): Promise<Buffer> {
  const work = folder.at(`work-${++count}`);
  mkdirSync(work);
  cpSync(folder.at('pack'), join(work, 'pack'));
  return compareFiles({ ...sent, folder: folder.at('sent'), pack: join(work, 'pack'), work, base }, how);
}

test('edits, new files, modes, links and binaries come back as a patch that fits what was sent', async () => {
  folder.repository('r', { a: 'one\n', bin: randomBytes(3000), gone: 'x\n', run: 'sh\n', '.gitignore': 'build/\n' });
  folder.write('r/a', 'changed before\n');
  const sent = await send();
  expect((await compare(sent, AS_PATCH)).toString()).toBe('');
  folder.write('sent/a', 'changed there\n');
  writeFileSync(folder.at('sent/bin'), randomBytes(3000));
  rmSync(folder.at('sent/gone'));
  chmodSync(folder.at('sent/run'), 0o755);
  folder.write('sent/new\nline', 'n\n');
  folder.write('sent/build/out', 'ignored\n');
  symlinkSync('/etc/passwd', folder.at('sent/link'));
  const patch = await compare(sent, AS_PATCH);
  writeFileSync(folder.at('p'), patch);
  folder.git('r', 'apply', folder.at('p'));
  expect(readFileSync(folder.at('r/bin'))).toEqual(readFileSync(folder.at('sent/bin')));
  expect(folder.git('r', 'status', '--porcelain', '-z').split('\0').sort()).toEqual(
    ['M a', ' D gone', ' M bin', ' M run', '?? link', '?? new\nline', ''].sort(),
  );
  expect(readFileSync(folder.at('r/a'), 'utf8')).toBe('changed there\n');
  expect(patch.toString()).not.toContain('ignored');
  expect((await compare(sent, AS_PATCH, 'HEAD')).toString()).toContain('-one\n');
  await expect(compare(sent, AS_PATCH, 'none')).rejects.toMatchObject({ code: 'not_found' });
});

test('what comes back is data: nothing of it is run, followed or believed', async () => {
  folder.repository('r', { a: 'one\n' });
  const sent = await send();
  const mark = folder.at('ran');
  const evil = folder.write('evil', `#!/bin/sh\necho >>${mark}\ncat\n`);
  chmodSync(evil, 0o755);
  for (const place of ['sent/.git', 'sent/nested/.git']) {
    folder.git('', 'init', '-q', folder.at(place, '..'));
    folder.write(`${place}/config`, `[core]\nfsmonitor = ${evil}\n[filter "f"]\nclean = ${evil}\n`);
  }
  folder.write('sent/.gitattributes', '* filter=f\n');
  folder.write('sent/nested/inner', 'n\n');
  folder.write('private/secret', 'nobody is to see this');
  symlinkSync(folder.at('private'), folder.at('sent/dir'));
  folder.write('sent/closed', 'c\n');
  chmodSync(folder.at('sent/closed'), 0);
  chmodSync(folder.at('sent/nested'), 0o600);
  const names = (await compare(sent, AS_NAMES))
    .toString()
    .split('\0')
    .filter((_, at) => at % 2 === 1);
  expect(names.sort()).toEqual(['.gitattributes', 'closed', 'dir', 'nested/inner']);
  expect((await compare(sent, AS_PATCH)).toString()).not.toContain('nobody');
  expect(existsSync(mark)).toBe(false);
  rmSync(folder.at('sent'), { recursive: true });
  symlinkSync(folder.at('private'), folder.at('sent'));
  await expect(compare(sent, AS_NAMES)).rejects.toMatchObject({ code: 'conflict' });
  rmSync(folder.at('pack'));
  writeFileSync(folder.at('pack'), 'no pack');
  await expect(compare(sent, AS_NAMES)).rejects.toMatchObject({ code: 'operation_failed' });
});
