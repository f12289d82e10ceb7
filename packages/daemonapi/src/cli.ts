import type { Duplex, Readable, Writable } from 'node:stream';
import type { ReceivedEvent } from './events.ts';
import type { ItemOf, PagedMethod } from './paging.ts';
import type { Progress, RpcMethods } from './rpc.ts';

export interface CliOption {
  /** One letter, without the dash. */
  readonly short?: string;
  /** What the value is called in help, e.g. `SIZE`; absent for a switch. */
  readonly value?: string;
  /** May be given several times; its value is then an array. */
  readonly multiple?: boolean;
  readonly help: string;
}

export interface CliPositional {
  readonly name: string;
  readonly required?: boolean;
  /** Long names of options any of which stands for it: then it is not required. */
  readonly unless?: readonly string[];
  /** Takes all that are left. Only the last one may. */
  readonly rest?: boolean;
  readonly help: string;
}

/** Parsed options: a switch is a boolean, a valued option a string, a `multiple` one an array. Absent when not given. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** A command as data: help, parsing and completion are all derived from it. */
export interface CliCommand {
  /** Words after `nook`, e.g. `vm run`. */
  readonly name: string;
  /** Other words for the same, e.g. `run`. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly positionals?: readonly CliPositional[];
  /** Long name (without dashes) → option. `json` and `help` are understood by every command. */
  readonly options?: Readonly<Record<string, CliOption>>;
  /** Takes a command line for the guest: everything after the first `--`, or after the last declared positional. */
  readonly trailing?: { readonly name: string; readonly help: string };
  /** Runnable examples, most used first. */
  readonly examples?: readonly string[];
  /** Exit code when nook itself fails; 1 when absent. For commands that pass on another program's exit code. Wrong usage is always 2. */
  readonly failureExitCode?: number;
  /** @returns the process's exit code; nothing means 0 */
  run(invocation: CliInvocation): number | void | Promise<number | void>;
}

/** A command as it was called. */
export interface CliInvocation {
  readonly positionals: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly options: OptionValues;
  readonly trailing: readonly string[];
  readonly context: CliContext;
}

/** What a plugin adds to a command of another one: options, and something to do before and after it. */
export interface CliExtension {
  /** The command's name, e.g. `vm exec`; of a command that is not there, the extension is left out. */
  readonly command: string;
  /** After the command's own, none of which may take all words. */
  readonly positionals?: readonly CliPositional[];
  /** None may have the name of one that the command has. */
  readonly options?: Readonly<Record<string, CliOption>>;
  readonly examples?: readonly string[];
  /**
   * Called in place of the command, with the extension's own options among the others. Every call of the command pays
   * for it, so it loads what it needs when it needs it.
   * @param next the command itself, or another extension around it: call it with what was given, or with something else
   */
  run(invocation: CliInvocation, next: (invocation: CliInvocation) => Promise<number>): number | Promise<number>;
}

export interface CliOutput {
  /** Writes a line to stdout. */
  line(text: string): void;
  /** Writes a value as one JSON document to stdout. */
  json(value: unknown): void;
  /** Rows as an aligned table with a header on a terminal and in pipes alike; columns keep the given order. */
  table(columns: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Writes a line to stderr, for remarks that are not the result. */
  note(text: string): void;
}

/** One line on stderr that shows stage and elapsed time; silent when stderr is not a terminal. */
export interface CliProgress extends Disposable {
  update(progress: Progress): void;
}

/** What a command that another one runs reads from and writes to. */
export interface CliStreams {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
}

/** What the `nook` program gives to a command. */
export interface CliContext {
  readonly out: CliOutput;
  /** `--json` was given. */
  readonly json: boolean;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** The op id of this command: every call made by it carries this id. */
  readonly opId: string;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP that no `onSignal` handler takes. Every call is cancelled by it. */
  readonly signal: AbortSignal;
  /** Until disposed, these signals go to `handler` (the latest one given) and end nothing by themselves. */
  onSignal(handler: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void): Disposable;
  progress(): CliProgress;
  /**
   * Calls the daemon, starting it when none runs.
   * @throws NookError as the daemon answered it
   */
  call<M extends keyof RpcMethods & string>(
    method: M,
    params: RpcMethods[M]['params'],
    options?: {
      readonly onProgress?: (progress: Progress) => void;
      readonly onEvent?: (event: ReceivedEvent) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<RpcMethods[M]['result']>;
  /** As `call`, for a method that answers in pages: all items, or `limit` of them, asked for page by page. */
  list<M extends PagedMethod>(method: M, params: Omit<RpcMethods[M]['params'], 'after'>): Promise<ItemOf<M>[]>;
  /** As `call`, for a method that turns its connection into a byte stream. */
  stream<M extends keyof RpcMethods & string>(
    method: M,
    params: RpcMethods[M]['params'],
  ): Promise<{ readonly result: RpcMethods[M]['result']; readonly stream: Duplex }>;
  /**
   * Runs another command of this program, whosever it is, in this process and under this op id: how a plugin's command
   * uses what other plugins offer at the command line (`vm exec`, `vm cp`).
   * @param words as they would be typed after `nook`
   * @param streams what the command has for its own; this program's where absent
   * @returns its exit code
   * @throws what the command throws, told to nobody yet; NookError `bad_params` when there is no such command
   */
  run(words: readonly string[], streams?: CliStreams): Promise<number>;
}
