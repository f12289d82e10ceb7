import type { PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type {} from '../contract.ts';
import { planTooling } from './plan.ts';

const path = z.string().min(1).max(255);
const MAX_FILE = 256 * 1024;

const tool = z.object({
  tool: z.string(),
  version: z.string().optional(),
  file: z.string(),
  why: z.string(),
  skipped: z.string().optional(),
  detector: z.string(),
});

export function registerToolingMethods({ method, contributions }: PluginContext<'workspace'>): void {
  method('workspace.tooling.files', {
    summary: 'Which files of a project say what tools it wants.',
    access: 'read',
    params: z.strictObject({}),
    result: z.object({ files: z.array(z.string()) }),
    run: () => ({ files: [...new Set(contributions('workspace.tooling').flatMap(({ files }) => files))] }),
  });
  method('workspace.tooling.plan', {
    summary: 'What tools a project wants, by files of it.',
    access: 'read',
    params: z.strictObject({ files: z.record(path, z.string().max(MAX_FILE)) }),
    result: z.object({ tools: z.array(tool) }),
    run: ({ files }) => ({ tools: planTooling(contributions('workspace.tooling'), new Map(Object.entries(files))) }),
  });
}
