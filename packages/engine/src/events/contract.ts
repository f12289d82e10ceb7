import type { ErrorCode, OperationState, ReceivedEvent } from '@nook/daemonapi';

declare module '@nook/daemonapi' {
  interface RpcMethods {
    /**
     * Sends events until the call is cancelled or the daemon stops: with `since`, first the durable ones after that cursor
     * (0: the oldest kept). A progress line of stage `following` says that what comes now is new.
     */
    'event.subscribe': {
      readonly params: { readonly patterns?: readonly string[] | undefined; readonly since?: number | undefined };
      readonly result: { readonly cursor: number; readonly delivered: number; readonly missed: number };
    };
    /** Durable events, the oldest first. */
    'event.list': {
      readonly params: {
        readonly patterns?: readonly string[] | undefined;
        readonly since?: number | undefined;
        readonly limit?: number | undefined;
      };
      /** `cursor`: where to go on from. Fewer than `limit` do not mean that there are no more: an answer ends where it grows long. */
      readonly result: { readonly events: readonly ReceivedEvent[]; readonly cursor: number };
    };
  }

  interface Events {
    /** An operation began, or has ended. */
    'op.state': {
      readonly op_id: string;
      readonly method: string;
      readonly state: OperationState;
      readonly error?: ErrorCode;
    };
  }
}
