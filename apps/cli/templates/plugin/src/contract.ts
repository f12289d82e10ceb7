import type { RpcMethod } from '@nook/daemonapi';

/** What other plugins may call. They import nothing: each writes down the part that it relies on under `Needs`. */
export interface Greeter {
  greet(name: string): string;
}

declare module '@nook/daemonapi' {
  interface Provides {
    templateName: Greeter;
  }
  interface RpcMethods {
    'template-name.greet': RpcMethod<{ readonly name: string }, { readonly text: string }>;
  }
  interface Events {
    'template-name.greeted': { readonly name: string };
  }
}
