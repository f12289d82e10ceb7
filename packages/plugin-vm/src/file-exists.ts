import { access } from 'node:fs/promises';

/** Whether there is something at a path that this process can reach. */
export function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
