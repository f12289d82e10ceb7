import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, 'fixture-program.ts');

/** How a shell is asked what it would offer, with the candidates on lines of their own. */
const ASK = {
  bash: (script: string, line: string) =>
    `. ${script}; compopt() { echo files; }; COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _nook; printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: (script: string, line: string) => `source ${script}; complete -C '${line}'`,
  zsh: (script: string, line: string) =>
    `compdef() { :; }; . ${script}; _files() { echo files; }; _describe() { print -rl -- "\${described[@]}"; }; words=(${line.replace(/ $/, " ''")}); CURRENT=\${#words}; _nook`,
} as const;

describe.each(Object.keys(ASK) as (keyof typeof ASK)[])('completion in %s', (shell) => {
  let dir: string;
  const env = () => ({ ...process.env, NOOK_HOME: join(dir, 'home'), PATH: `${dir}:${process.env.PATH}` });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'nook-completion-'));
    await writeFile(join(dir, 'nook'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
    await chmod(join(dir, 'nook'), 0o755);
    const script = execFileSync(join(dir, 'nook'), ['completion', shell], { env: env() });
    await writeFile(join(dir, 'script'), script);
  });
  afterAll(() => rm(dir, { recursive: true }));

  const offered = async (line: string) => {
    const question = ASK[shell](join(dir, 'script'), line);
    const { stdout } = await promisify(execFile)(shell, ['-c', question], { env: env() });
    return stdout.split('\n').flatMap((each) => each.split(/[\t:]/)[0] || []);
  };

  it('offers commands, options and names, and files where they belong', async ({ skip }) => {
    const missing = spawnable(shell);
    skip(missing !== undefined, missing);
    expect(await offered('nook thing ')).toEqual(['crash', 'echo', 'fail', 'many', 'wait']);
    expect(await offered('nook thing wait --st')).toEqual(['--stubborn']);
    await using _daemon = await fakeList(join(dir, 'home/run'), ['web', 'db']);
    expect((await offered('nook thing echo ')).toSorted()).toEqual(['db', 'web']);
    expect(await offered('nook thing echo w')).toEqual(['web']);
    if (shell !== 'fish') expect(await offered('nook plugin new x --dir ')).toEqual(['files']);
  });

  it('says nothing and starts nothing without a daemon', async ({ skip }) => {
    const missing = spawnable(shell);
    skip(missing !== undefined, missing);
    expect(await offered('nook thing echo ')).toEqual([]);
  });
});

function spawnable(program: string): string | undefined {
  try {
    execFileSync(program, ['-c', 'true']);
    return undefined;
  } catch {
    return `${program} is not installed`;
  }
}

/** A socket that answers each line with a list, as a daemon with things of these names does. */
async function fakeList(run: string, names: readonly string[]): Promise<AsyncDisposable> {
  await mkdir(run, { recursive: true, mode: 0o700 });
  const server = createServer((socket) => {
    socket.on('data', (line) => {
      const { id } = JSON.parse(line.toString()) as { id: number };
      socket.write(`${JSON.stringify({ id, ok: true, result: names.map((name) => ({ name })) })}\n`);
    });
  }).listen(join(run, 'nookd.sock'));
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
