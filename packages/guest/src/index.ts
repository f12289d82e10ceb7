export {
  type CopyEntry,
  CopyRecord,
  decodeEntry,
  decodeFailed,
  decodeHole,
  encodeEntry,
  encodeHole,
  encodeRecord,
  isEntryName,
  MAX_COPY_DEPTH,
  MAX_COPY_RECORD,
  recordBuffer,
  recordPayload,
} from './copy-record.ts';
export { CopyRecordParser } from './copy-record-parser.ts';
export {
  decodeFields,
  encodeFields,
  type Field,
} from './fields.ts';
export { FrameParser } from './frame-parser.ts';
export { FrameType, HEADER_SIZE, INITIAL_WINDOW, MAX_PAYLOAD, PROTOCOL_VERSION, Stream } from './frame-type.ts';
export { encodeFrame, encodeFrameHeader, type Frame } from './frames.ts';
export { guestInitPath } from './guest-init-path.ts';
export { decodeListeners, type Listener, type Listeners } from './guest-listeners.ts';
export {
  decodeCredit,
  decodeError,
  decodeExecFailed,
  decodeExecStarted,
  decodeExit,
  decodeHello,
  type ExecFailed,
  type Exit,
  type GuestError,
  type Hello,
} from './guest-messages.ts';
export { GUEST_MODULES, type GuestDevices, guestModules, SHARE_MODULES } from './guest-modules.ts';
export { decodeStats, type GuestStats } from './guest-stats.ts';
export {
  type Configure,
  type Copy,
  type Exec,
  encodeConfigure,
  encodeConnect,
  encodeCopy,
  encodeExec,
  encodeHello,
  encodeResize,
  encodeU32,
} from './host-messages.ts';
export { buildInitramfs, type InitramfsOptions } from './initramfs.ts';
export { InitramfsError } from './initramfs-error.ts';
export { type KernelModule, missingModules, readModules } from './module-tree.ts';
export { GuestProtocolError } from './protocol-error.ts';
