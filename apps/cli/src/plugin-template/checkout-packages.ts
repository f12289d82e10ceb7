import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { NookError } from '@nook/daemonapi';

const PACK = 'tools/pack/main.ts';
const TIMEOUT_MS = 120_000;

/** The checkout that this program runs from, as sources or as a bundle in its dist/; nothing when it is installed. */
export function checkoutRoot(from = import.meta.dirname): string | undefined {
  if (from.split(sep).includes('node_modules')) return undefined;
  if (existsSync(join(from, PACK)) && existsSync(join(from, 'pnpm-workspace.yaml'))) return from;
  const parent = dirname(from);
  return parent === from ? undefined : checkoutRoot(parent);
}

/**
 * Packs the packages of a checkout anew. @returns the folder with their tarballs
 * @throws NookError `operation_failed` with what the packing said
 */
export async function packCheckout(root: string, signal: AbortSignal): Promise<string> {
  const out = join(root, 'dist/packages');
  try {
    await promisify(execFile)(process.execPath, [join(root, PACK), out], { cwd: root, signal, timeout: TIMEOUT_MS });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
    throw new NookError(
      'operation_failed',
      `The packages of '${root}' cannot be packed: ${stderr?.trim() || message}`,
      {
        hint: 'Name a folder that holds their tarballs: --packages DIR',
        cause: error,
      },
    );
  }
  return out;
}
