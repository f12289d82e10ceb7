import { decodeFields, readString, readU32, readU64 } from './fields.ts';
import { GuestProtocolError } from './protocol-error.ts';

export interface Hello {
  readonly version: number;
  readonly epoch: bigint;
  /** The agent's build id; empty in the host's HELLO. */
  readonly agent: string;
  /** The guest kernel's release; empty in the host's HELLO. */
  readonly kernel: string;
}

export interface ExecFailed {
  /** As in Linux x86-64: 2 ENOENT, 13 EACCES … */
  readonly errno: number;
  /** `user`, `cwd`, `pty`, `exec` or `limit`. Only at `exec` do ENOENT and the others speak of the command itself. */
  readonly stage: string;
  readonly message: string;
}

/** How a command ended: its code, or the signal that killed it. */
export type Exit = { readonly code: number } | { readonly signal: number };

export interface GuestError {
  readonly errno: number;
  readonly message: string;
}

export function decodeHello(payload: Buffer): Hello {
  const fields = decodeFields(payload);
  return {
    version: readU32(fields, 1) ?? 0,
    epoch: readU64(fields, 2) ?? 0n,
    agent: readString(fields, 3),
    kernel: readString(fields, 4),
  };
}

export function decodeExecStarted(payload: Buffer): { readonly pid: number } {
  return { pid: readU32(decodeFields(payload), 1) ?? 0 };
}

export function decodeExecFailed(payload: Buffer): ExecFailed {
  const fields = decodeFields(payload);
  return { errno: readU32(fields, 1) ?? 0, stage: readString(fields, 2), message: readString(fields, 3) };
}

export function decodeExit(payload: Buffer): Exit {
  const fields = decodeFields(payload);
  const signal = readU32(fields, 2);
  if (signal !== undefined) return { signal };
  const code = readU32(fields, 1);
  if (code === undefined) throw new GuestProtocolError('invalid', 'EXIT has neither a code nor a signal.');
  return { code };
}

export function decodeError(payload: Buffer): GuestError {
  const fields = decodeFields(payload);
  return { errno: readU32(fields, 1) ?? 0, message: readString(fields, 3) };
}

/** Payload of CREDIT. */
export function decodeCredit(payload: Buffer): number {
  if (payload.length !== 4) throw new GuestProtocolError('invalid', 'CREDIT is not a 32-bit number.');
  return payload.readUInt32LE();
}
