export { isTooLong, type WireEvent, type WireProgress } from './answer.ts';
export { buildInfo } from './build-info.ts';
export { type ByteStream, byteStream } from './byte-stream.ts';
export { configPath, daemonOutputPath, makeDirs, resolveDirs, SYSTEM_DIRS, socketPath } from './dirs.ts';
export { FrameChannel } from './frame-channel.ts';
export { JsonLog } from './json-log.ts';
export { MAX_FRAME_BYTES, MAX_LINE_BYTES } from './limits.ts';
export { type FileLock, lockFile } from './lock-file.ts';
export { isOpId, mintOpId } from './op-id.ts';
export {
  bootId,
  commandLine,
  identify,
  isAlive,
  killExactly,
  type ProcessIdentity,
} from './process-identity.ts';
export { allProcesses, killIfThere, type RunningProcess } from './processes.ts';
export { programFile } from './program-file.ts';
export { randomBytes } from './random-bytes.ts';
export type { RpcRequest } from './request.ts';
export { olderFile, RotatingFile } from './rotating-file.ts';
export { type CallOptions, ConnectionLost, RpcClient } from './rpc-client.ts';
export {
  type EndedBy,
  type RpcConnection,
  type RpcHandler,
  type ServeOptions,
  type ServerCall,
  serveRpc,
} from './serve-rpc.ts';
export { TurnGroup, turns } from './turns.ts';
export { connectUnix, listenInherited, listenUnix, type UnixServer } from './unix-socket.ts';
export { untilAnswered } from './until-answered.ts';
export { fromWireError, opIdOf, toWireError, type WireError } from './wire-error.ts';
export { writeFileAtomic } from './write-file-atomic.ts';
