import { ERROR_CODES, type OperationView } from '@nook/daemonapi';
import { z } from 'zod';

export const operationState = z.enum(['running', 'succeeded', 'failed', 'cancelled', 'interrupted']);

export const opId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 letters, digits, '.', '_' or '-'");
export const byOpId = z.strictObject({ op_id: opId });

const stage = z.object({
  stage: z.string(),
  done: z.number().exactOptional(),
  total: z.number().exactOptional(),
  unit: z.string().exactOptional(),
  message: z.string().exactOptional(),
  usual_ms: z.number().exactOptional(),
  elapsed_ms: z.number(),
});

export const operationView = z.object({
  op_id: opId,
  method: z.string(),
  state: operationState,
  begun_at: z.number(),
  ended_at: z.number().optional(),
  elapsed_ms: z.number(),
  stages: z.array(stage),
  result: z.unknown().optional(),
  error: z
    .object({
      code: z.enum(ERROR_CODES),
      message: z.string(),
      hint: z.string().optional(),
      details: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
}) satisfies z.ZodType<OperationView>;
