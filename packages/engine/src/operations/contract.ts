import type { OperationView, Page } from '@nook/daemonapi';

declare module '@nook/daemonapi' {
  interface RpcMethods {
    /** The latest first, without their results. */
    'op.list': {
      readonly params: Page<Pick<OperationView, 'begun_at' | 'op_id'>> & {
        readonly state?: OperationView['state'] | undefined;
        readonly method?: string | undefined;
      };
      readonly result: { readonly operations: readonly OperationView[] };
    };
    'op.status': { readonly params: { readonly op_id: string }; readonly result: OperationView };
    /** Answers when the operation has ended, or the time is up, with progress meanwhile. */
    'op.wait': {
      readonly params: { readonly op_id: string; readonly timeout_seconds?: number | undefined };
      readonly result: OperationView;
    };
    'op.cancel': { readonly params: { readonly op_id: string }; readonly result: OperationView };
  }
}
