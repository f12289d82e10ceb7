import { type FeatureGuest, type GuestCommand, NookError } from '@nook/daemonapi';
import type { SeedPart } from './part.ts';

export const SERIAL = 'nook-seed';

/** The guest names its drives as it likes, so it is asked for the one with the serial; it then gets $1 as its first $2 bytes. */
const COPY = `for drive in /sys/block/*; do
  if [ "$(cat "$drive/serial" 2>/dev/null)" = ${SERIAL} ]; then
    head -c "$2" "/dev/\${drive##*/}" > "$1.new" && exec mv "$1.new" "$1"
    exit
  fi
done
echo "no drive has the serial ${SERIAL}" >&2
exit 1`;

export async function copyFromDrive(guest: FeatureGuest, { text, path }: SeedPart): Promise<void> {
  await run(guest, { argv: ['sh', '-c', COPY, 'seed', path, String(Buffer.byteLength(text))] });
}

/** The drive is as the machine found it; what changes later comes this way. */
export async function overwrite(guest: FeatureGuest, { text, path }: SeedPart): Promise<void> {
  await run(guest, { argv: ['sh', '-c', 'cat > "$1.new" && exec mv "$1.new" "$1"', 'seed', path], stdin: text });
}

async function run(guest: FeatureGuest, command: GuestCommand): Promise<void> {
  const { exit_code, stderr } = await guest.exec(command);
  if (exit_code !== 0) throw new NookError('operation_failed', stderr.trim() || `sh ended with ${exit_code}`);
}
