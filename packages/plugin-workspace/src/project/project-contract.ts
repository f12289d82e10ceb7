import type { RpcMethod } from '@nook/daemonapi';

/** What was done to a VM for a project, so that the next look at the file tells what is new in it. */
export interface Applied {
  /** What the VM was made with, as the file has it: another value means another VM. */
  readonly shape: Readonly<Record<string, unknown>>;
  /** Path in the guest → hash of what was put there, and how. */
  readonly files: Readonly<Record<string, string>>;
  /** Names alone. */
  readonly secrets: readonly string[];
  readonly depends_on: readonly string[];
  /** Networks that were made for it; they go when the project's machines are removed. */
  readonly networks?: readonly string[] | undefined;
  /** The folder of the host that was copied into it. */
  readonly workspace?: string | undefined;
}

export interface ProjectRecord {
  /** Absolute path of the project's file. */
  readonly file: string;
  readonly project: string;
  /** As the file calls it. */
  readonly machine: string;
  readonly applied: Applied;
}

/** A command that is kept running in a VM. */
export interface ServiceDefinition {
  readonly argv: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly cwd?: string | undefined;
  readonly user?: string | undefined;
  /** What becomes of it when it ends by itself. */
  readonly restart: 'no' | 'on-failure' | 'always';
  /** By which it is asked to end, and how long it may take then. */
  readonly stop_signal: string;
  readonly grace_ms: number;
  /** The longest that one run may take; one that takes longer is ended, and has failed. */
  readonly timeout_ms?: number | undefined;
  /** Names of files in /run/secrets without which it does not begin. */
  readonly secrets: readonly string[];
}

/**
 * `starting`: it is on its way; `restarting`: it ended, and begins again at `next_restart_at`; `exited`: it ended, and is left so; `waiting`: for what
 * `reason` says; `stopped`: somebody ended it.
 */
export type ServiceState = 'starting' | 'running' | 'restarting' | 'exited' | 'waiting' | 'stopped';

/** A service as it was last; of a VM that does not run it does not either. */
export interface ServiceView {
  readonly name: string;
  readonly state: ServiceState;
  readonly definition: ServiceDefinition;
  /** Of the latest run: nook vm logs --session. */
  readonly session?: string | undefined;
  /** Of runs before it, the latest last. */
  readonly earlier_sessions: readonly string[];
  /** Milliseconds since the epoch, as every time here. */
  readonly started_at?: number | undefined;
  readonly ended_at?: number | undefined;
  readonly exit_code?: number | undefined;
  /** Since somebody asked for it, or the VM was booted. */
  readonly restarts: number;
  readonly next_restart_at?: number | undefined;
  readonly reason?: string | undefined;
}

export interface ProjectMachineView extends ProjectRecord {
  /** The VM's. */
  readonly name: string;
  readonly services: readonly ServiceView[];
}

interface SessionCaller {
  readonly opId: string;
  readonly signal: AbortSignal;
}

interface SessionIdentity {
  readonly session: string;
  readonly token: string;
}

/** What of the VMs a service needs: commands in them. */
export interface SessionsNeed {
  startSession(
    id: string,
    command: Partial<Pick<ServiceDefinition, 'argv' | 'env' | 'cwd' | 'user'>> & { readonly key?: string },
    caller: SessionCaller,
  ): Promise<SessionIdentity>;
  sessionEnd(
    id: string,
    session: SessionIdentity,
    caller: SessionCaller,
  ): Promise<{ readonly exit_code?: number | undefined; readonly ended_at: number }>;
  signalSession(id: string, session: SessionIdentity, signal: string, caller: SessionCaller): Promise<void>;
}

declare module '@nook/daemonapi' {
  interface RpcMethods {
    'project.record': RpcMethod<ProjectRecord & { readonly vm: string }, ProjectMachineView>;
    /** Of one file, or of all; in the order in which they were first recorded. */
    'project.list': RpcMethod<{ readonly file?: string | undefined }, readonly ProjectMachineView[]>;
    /** Has these, and no others, run in a VM that runs; the result is how they stand then. */
    'project.services.set': RpcMethod<
      { readonly vm: string; readonly services: Readonly<Record<string, ServiceDefinition>> },
      readonly ServiceView[]
    >;
    /** Ends all of a VM. They stay so until they are set again, or the VM is booted. */
    'project.services.stop': RpcMethod<{ readonly vm: string }, readonly ServiceView[]>;
    /** Answers when the latest session of a service is another one than `session`, or there will be none by itself. */
    'project.services.next': RpcMethod<
      { readonly vm: string; readonly service: string; readonly session: string },
      ServiceView
    >;
  }
}
