import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

type Contract = typeof import('@nook/daemonapi');

export interface ContractCopy extends AsyncDisposable {
  readonly contract: Contract;
  /** Of its index. */
  readonly url: string;
}

/** A second physical copy of @nook/daemonapi in this process, with its registry's file changed on request. */
export async function contractCopy(edit: (registry: string) => string = (text) => text): Promise<ContractCopy> {
  const dir = await mkdtemp(join(tmpdir(), 'nook-copy-'));
  const source = dirname(fileURLToPath(import.meta.resolve('@nook/daemonapi')));
  await cp(source, dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }');
  const registry = join(dir, 'registry.ts');
  await writeFile(registry, edit(await readFile(registry, 'utf8')));
  const url = pathToFileURL(join(dir, 'index.ts')).href;
  return {
    contract: (await import(url)) as Contract,
    url,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}
