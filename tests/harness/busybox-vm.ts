import type { Home } from './home.ts';

/** A running VM of the small image; the fastest there is. */
export async function busyboxVm(home: Home, name: string, ...flags: readonly string[]): Promise<string> {
  await home.ok('vm', 'run', '-d', '--image', 'busybox', '--memory', '256M', '--name', name, ...flags);
  return name;
}

export interface Shown {
  readonly name: string;
  readonly id: string;
  readonly state: string;
  readonly cause?: string;
  readonly vmhost_pid?: number;
  readonly qemu_pid?: number;
  readonly came_up?: string;
  readonly fallback?: string;
  readonly accelerator?: string;
  readonly dir: string;
  readonly desired?: string;
  readonly restarts?: number;
  readonly next_restart_at?: number;
  readonly boot: readonly { readonly name: string; readonly duration_ms: number; readonly usual_ms?: number }[];
}
