import { z } from 'zod';
import { vmName, vmView } from '../schemas.ts';

export const renameParams = z.strictObject({ name: vmName, to: vmName });
export const renameResult = z.object({
  vm: vmView,
  host_name: z.enum(['now', 'next_start']),
  why: z.string().optional(),
});
