import { z } from 'zod';
import { projectSchema } from './project-schema.ts';

/** The schema of nook.toml for editors. */
export function projectJsonSchema(): object {
  return { ...z.toJSONSchema(projectSchema, { io: 'input' }), title: 'nook.toml' };
}
