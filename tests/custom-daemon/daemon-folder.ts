import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const APP = join(ROOT, 'apps/daemon');

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** A folder of somebody who composes a daemon: the packages can be imported from it, and it has a tsconfig of its own. */
export class DaemonFolder implements AsyncDisposable {
  readonly dir: string;
  readonly home: string;

  private constructor(dir: string) {
    this.dir = dir;
    this.home = join(dir, 'home');
  }

  static async create(): Promise<DaemonFolder> {
    const dir = await mkdtemp(join(tmpdir(), 'nook-daemon-'));
    await mkdir(join(dir, 'node_modules'));
    for (const [name, owner] of [
      ['@nook', APP],
      ['zod', join(ROOT, 'packages/engine')],
    ] as const) {
      await symlink(join(owner, 'node_modules', name), join(dir, 'node_modules', name));
    }
    const tsconfig = {
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: { typeRoots: [join(ROOT, 'node_modules/@types')] },
      files: ['nookd.ts'],
    };
    await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(tsconfig));
    await writeFile(join(dir, 'package.json'), '{ "type": "module" }');
    return new DaemonFolder(dir);
  }

  /** The entry file's path. */
  get entry(): string {
    return join(this.dir, 'nookd.ts');
  }

  /** Copies the entry file of nook's own daemon, edited. */
  async copyEntry(edit: (text: string) => string): Promise<void> {
    await writeFile(this.entry, edit(await readFile(join(APP, 'src/main.ts'), 'utf8')));
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.dir, name), text);
  }

  compile(): Promise<Outcome> {
    return run(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '--pretty', 'false', '-p', this.dir]);
  }

  /** Runs the entry file, which is expected to end by itself. */
  start(): Promise<Outcome> {
    return run(process.execPath, [this.entry], { ...process.env, NOOK_HOME: this.home });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}

/** The entry file without some of its plugins. @throws when one of them is not imported by it */
export function without(...plugins: readonly string[]): (text: string) => string {
  return (text) =>
    plugins.reduce((rest, plugin) => {
      const line = `import '@nook/plugin-${plugin}/register';\n`;
      if (!rest.includes(line)) throw new Error(`the entry file does not import plugin '${plugin}'`);
      return rest.replace(line, '');
    }, text);
}

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { env, timeout: 60_000 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}
