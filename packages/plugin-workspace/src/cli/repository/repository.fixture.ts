import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of a test, with real repositories in it, made by git as a person would call it. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'nook-repo-'));

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  write(name: string, content: string | Buffer = `${name}\n`): string {
    const path = this.at(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  git(repository: string, ...args: string[]): string {
    return execFileSync('git', ['-C', this.at(repository), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: this.path,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_DATE: '2024-01-01T00:00:00Z',
        GIT_COMMITTER_DATE: '2024-01-01T00:00:00Z',
      },
    }).trim();
  }

  /** A repository with these files in one commit. */
  repository(name: string, files: Readonly<Record<string, string | Buffer>>): void {
    mkdirSync(this.at(name), { recursive: true });
    this.git(name, 'init', '-q', '-b', 'main');
    this.git(name, 'config', 'user.name', 'Ada');
    this.git(name, 'config', 'user.email', 'ada@example.org');
    for (const [file, content] of Object.entries(files)) this.write(join(name, file), content);
    this.commit(name, 'first');
  }

  commit(repository: string, message: string): string {
    this.git(repository, 'add', '-A');
    this.git(repository, 'commit', '-q', '--no-verify', '-m', message);
    return this.git(repository, 'rev-parse', 'HEAD');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
