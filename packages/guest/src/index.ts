export {
  decodeFields,
  encodeFields,
  type Field,
} from './fields.ts';
export { FrameParser } from './frame-parser.ts';
export { FrameType, HEADER_SIZE, INITIAL_WINDOW, MAX_PAYLOAD, PROTOCOL_VERSION, Stream } from './frame-type.ts';
export { encodeFrame, encodeFrameHeader, type Frame } from './frames.ts';
export { guestInitPath } from './guest-init-path.ts';
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
export { GUEST_MODULES, type GuestDevices, guestModules } from './guest-modules.ts';
export {
  type Configure,
  type Exec,
  encodeConfigure,
  encodeExec,
  encodeHello,
  encodeResize,
  encodeU32,
} from './host-messages.ts';
export { buildInitramfs, type InitramfsOptions } from './initramfs.ts';
export { InitramfsError } from './initramfs-error.ts';
export { GuestProtocolError } from './protocol-error.ts';
