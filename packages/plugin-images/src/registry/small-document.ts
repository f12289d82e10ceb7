import { NookError } from '@nook/daemonapi';
import type { z } from 'zod';

/** A document of an image as an object. @throws NookError `bad_request` */
export function parseDocument(text: string, what: string): object {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
  } catch {}
  throw new NookError('bad_request', `The manifest or configuration of ${what} is not JSON.`);
}

/** A document of an image, of the shape that it must have. @throws NookError `bad_request` */
export function checkDocument<T>(schema: z.ZodType<T>, document: string | object, what: string): T {
  const result = schema.safeParse(typeof document === 'string' ? parseDocument(document, what) : document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new NookError(
    'bad_request',
    `The manifest or configuration of ${what} is damaged (${issue?.path.join('.')}: ${issue?.message}).`,
  );
}
