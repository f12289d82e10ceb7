import { conformance } from '@nook/testkit/conformance';
import { plugin } from './plugin.ts';

// What holds for every plugin: hooks at any time, missing needs, config errors, floods of events, leaks, and more.
conformance(plugin, {
  calls: { templateName: (capability) => capability.greet('you') },
});
