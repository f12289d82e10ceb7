import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { type CliContext, NookError } from '@nook/daemonapi';
import { inGuest } from '../workspace/guest-command.ts';
import { Kept } from '../workspace/kept.ts';
import type { ProjectMachine } from './read-project.ts';

const MAX_BYTES = 1024 ** 2;

/** Each with a hash that was made in the guest. Exit code 1: there are none, 2: this guest makes no hashes. */
const LIST_SCRIPT = `
grep -q " /run/secrets tmpfs " /proc/mounts || exit 1
cd /run/secrets && command -v sha256sum >/dev/null || exit 2
for f in *; do [ ! -f "$f" ] || sha256sum "$f"; done
`;

/**
 * `$1` a name, `$2` who is to own it, the secret on stdin. Nothing is written before there is a file system in memory for it, whose pages
 * no swap takes where the guest's kernel can promise that.
 */
const PUT_SCRIPT = `
umask 077
if ! grep -q " /run/secrets tmpfs " /proc/mounts; then
  mkdir -p /run/secrets || exit
  for more in ,noswap ""; do
    mount -t tmpfs -o "mode=0711,size=8m,nosuid,nodev,noexec$more" nook-secrets /run/secrets 2>/dev/null && break
  done
  grep -q " /run/secrets tmpfs " /proc/mounts || { echo "no tmpfs can be mounted at /run/secrets" >&2; exit 1; }
fi
cd /run/secrets && cat >".$1" && chmod 0400 ".$1" && { [ -z "$2" ] || chown "$2" ".$1"; } && mv -f ".$1" "$1"
`;

const REMOVE_SCRIPT = 'cd /run/secrets && rm -f -- "$@"';

export type Secrets = ReadonlyMap<string, Buffer>;

/** The values, read where the file says. They stay in this process. @throws NookError `not_found` */
export async function readSecrets(
  { machine, secrets = {} }: ProjectMachine,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Secrets> {
  const values = new Map<string, Buffer>();
  for (const [name, from] of Object.entries(secrets)) {
    const missing = (where: string, cause?: unknown) =>
      new NookError('not_found', `Secret '${name}' of machine '${machine}' is to be in ${where}, and is not.`, {
        hint: 'Nothing was changed.',
        cause,
      });
    if ('env' in from) {
      const value = env[from.env];
      if (value === undefined) throw missing(`the variable ${from.env}`);
      values.set(name, Buffer.from(value));
    } else {
      values.set(
        name,
        await readFile(from.file).catch((cause) => {
          throw missing(`'${from.file}'`, cause);
        }),
      );
    }
    if ((values.get(name) as Buffer).length > MAX_BYTES) {
      throw new NookError('bad_params', `Secret '${name}' of machine '${machine}' is larger than 1 MiB.`);
    }
  }
  return values;
}

/** Names of those that the guest has not, or not so, or should not have. */
export async function secretsThatDiffer(context: CliContext, vm: string, secrets: Secrets): Promise<string[]> {
  const { code, stdout } = await inGuest(context, vm, ['sh', '-c', LIST_SCRIPT]);
  if (code !== 0) return [...secrets.keys()];
  const there = new Map(
    stdout
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
  const wanted = [...secrets].filter(([name, value]) => there.get(name) !== hashOf(value)).map(([name]) => name);
  return [...wanted, ...[...there.keys()].filter((name) => !secrets.has(name))];
}

/** Puts those of `names` that there are into the guest's memory, and takes the others away. */
export async function putSecrets(
  context: CliContext,
  { vm, secrets: entries = {} }: ProjectMachine,
  { names, secrets }: { readonly names: readonly string[]; readonly secrets: Secrets },
): Promise<void> {
  const gone = names.filter((name) => !secrets.has(name));
  if (gone.length > 0) await inGuest(context, vm, ['sh', '-c', REMOVE_SCRIPT, 'nook', ...gone]);
  for (const name of names.filter((each) => secrets.has(each))) {
    const [stdin, stderr] = [new PassThrough(), new Kept()];
    stdin.end(secrets.get(name));
    const words = [
      'vm',
      'exec',
      '--workdir',
      '/',
      vm,
      '--',
      'sh',
      '-c',
      PUT_SCRIPT,
      'nook',
      name,
      entries[name]?.user ?? '',
    ];
    const code = await context.run(words, { stdin, stdout: new Kept(), stderr });
    if (code === 0) continue;
    const said = stderr.bytes.toString().trim().replace(/\p{C}/gu, ' ');
    throw new NookError(
      'operation_failed',
      `Secret '${name}' could not be put into VM '${vm}': ${said || `exit code ${code}`}.`,
    );
  }
}

function hashOf(value: Buffer): string {
  return createHash('sha256').update(value).digest('hex');
}
