import { images } from '../../packages/plugin-images/src/plugin.ts';
import { network } from '../../packages/plugin-network/src/plugin.ts';
import { vm } from '../../packages/plugin-vm/src/plugin.ts';
import { conformance } from '../../packages/testkit/src/conformance/vitest.ts';

// The bundled plugins, through the suite that third-party ones are put through.

conformance(images, {
  calls: { images: (capability) => capability.defaultImage(), kernels: (capability) => capability.get() },
});

conformance(network, {
  calls: { network: async (capability) => capability.plan(capability.check({})) },
});

conformance(vm, {
  with: [images, network],
  calls: { vms: (capability) => capability.imageUsers('sha256:none') },
});
