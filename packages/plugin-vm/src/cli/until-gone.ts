import { type CliContext, isNookError } from '@nook/daemonapi';

/** A VM that removes itself is being removed when its session has ended; this waits until nothing of it is left. */
export async function untilGone(context: CliContext, name: string): Promise<void> {
  try {
    await context.call('vm.delete', { name, force: true });
  } catch (error) {
    if (!isNookError(error) || error.code !== 'not_found') throw error;
  }
}
