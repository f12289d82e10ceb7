/**
 * A TCP port that a plugin answers in every VM, contributed to `vm.port`: for each connection that is made to it through
 * the guest channel, a command is run in the guest, and the connection is its stdin and stdout, as inetd does. Nothing has to
 * listen in the guest, and no network has to lead there. Connections over a network never get here.
 */
export interface VmPort {
  /** 1 to 65535; of a port that two contribute, neither gets connections. */
  readonly port: number;
  /**
   * What answers a connection to this VM, which runs. Called for each connection, also before the plugin's `start`.
   * What it throws is the answer to who wanted to connect.
   * @param signal aborted when the caller gives up
   */
  command(vm: PortVm, signal: AbortSignal): PortCommand | Promise<PortCommand>;
}

export interface PortVm {
  /** Never given to another VM, and the same for all its life, whatever becomes of its name. */
  readonly id: string;
  readonly name: string;
}

/** It is told the end of the connection by the end of its input, and killed when it has not ended 30 s later. */
export interface PortCommand {
  /** An argument vector, never a shell line. */
  readonly argv: readonly string[];
  /** `NAME=value`; together with `argv` less than 64 KiB. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: string;
}
