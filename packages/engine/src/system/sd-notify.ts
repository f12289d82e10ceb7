import { libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
/** Nobody is to be waited for, and a manager that is gone must not end the daemon by a signal. */
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
const MAX_PATH_BYTES = 108;

export type Notify = (state: Readonly<Record<string, string | number | bigint>>) => void;

/**
 * Takes `NOTIFY_SOCKET`, on which systemd wants to hear how its service is doing (sd_notify(3)).
 * @returns the call that tells it; does nothing where nobody listens
 */
export function takeNotifySocket(env: NodeJS.ProcessEnv, onError: (error: unknown) => void = () => {}): Notify {
  const path = env.NOTIFY_SOCKET;
  delete env.NOTIFY_SOCKET;
  if (path === undefined || !/^[/@]/.test(path)) return () => {};
  return (state) => {
    try {
      send(
        path,
        Object.entries(state)
          .map(([key, value]) => `${key}=${value}`)
          .join('\n'),
      );
    } catch (error) {
      onError(error);
    }
  };
}

function send(path: string, text: string): void {
  const { socket, sendto, close } = libc();
  const address = socketAddress(path);
  const data = Buffer.from(text);
  const fd = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new Error('no datagram socket could be made');
  try {
    const sent = sendto(fd, data, data.length, MSG_DONTWAIT_NOSIGNAL, address, address.length);
    if (Number(sent) !== data.length) throw new Error(`'${path}' did not take the notification`);
  } finally {
    close(fd);
  }
}

/** struct sockaddr_un; a name that begins with @ is abstract: it begins with a zero byte and has its exact length. */
function socketAddress(path: string): Buffer {
  const name = Buffer.from(path);
  if (name.length >= MAX_PATH_BYTES) throw new Error(`'${path}' is too long for a socket`);
  const abstract = name[0] === 0x40;
  if (abstract) name[0] = 0;
  const address = Buffer.alloc(2 + name.length + (abstract ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  return address;
}
