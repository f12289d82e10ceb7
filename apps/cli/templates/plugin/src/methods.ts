import type { PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import type { Config } from './config.ts';
import type { Greeter } from './contract.ts';

type Context = PluginContext<'template-name', Config>;

export function registerMethods(context: Context, greeter: Greeter): void {
  context.method('template-name.greet', {
    summary: 'Greets somebody.',
    access: 'read',
    params: z.strictObject({ name: z.string().min(1) }),
    result: z.object({ text: z.string() }),
    run: ({ name }) => ({ text: greeter.greet(name) }),
  });
}
