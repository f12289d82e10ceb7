declare module '@nook/daemonapi' {
  interface RpcMethods {
    /** The methods of this daemon as an OpenRPC document. */
    'rpc.discover': {
      readonly params: Record<string, never>;
      readonly result: Readonly<Record<string, unknown>>;
    };
  }
}

export {};
