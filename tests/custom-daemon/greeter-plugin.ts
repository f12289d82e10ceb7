/** A third-party plugin in one file: a capability, a need, a method, an event, all against @nook/daemonapi alone. */
export const GREETER_PLUGIN = `
import { API_VERSION, type PluginDefinition, registerPlugin, type RpcMethod, type StandardSchema } from '@nook/daemonapi';

declare module '@nook/daemonapi' {
  interface RpcMethods {
    'greeter.hello': RpcMethod<{ readonly name: string }, { readonly text: string; readonly image: string }>;
  }
  interface Needs {
    greeter: { images: { defaultImage(): string } };
  }
}

const params: StandardSchema<{ readonly name: string }> = {
  '~standard': {
    version: 1,
    vendor: 'greeter',
    validate(value) {
      const { name } = value as { name?: unknown };
      return typeof name === 'string' ? { value: { name } } : { issues: [{ message: 'must be a string', path: ['name'] }] };
    },
  },
};
const result: StandardSchema<{ readonly text: string; readonly image: string }> = {
  '~standard': { version: 1, vendor: 'greeter', validate: (value) => ({ value: value as { text: string; image: string } }) },
};

const greeter: PluginDefinition<'greeter'> = {
  name: 'greeter',
  api: API_VERSION,
  version: '1.2.3',
  from: import.meta.url,
  setup({ method, need }) {
    const images = need('images');
    method('greeter.hello', {
      summary: 'Greets.',
      access: 'read',
      params,
      result,
      run: ({ name }) => ({ text: \`Hello, \${name}!\`, image: images.defaultImage() }),
    });
  },
};

registerPlugin(greeter);
`;
