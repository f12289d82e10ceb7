import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';
import { conformance } from '@nook/testkit/conformance';

// The bundled plugins, through the suite that third-party ones are put through; that of images is in image-source.test.ts.

conformance(network, {
  calls: { network: async (capability) => capability.plan(capability.check({}), { id: 'a', opId: 'op-conformance' }) },
});

conformance(vm, {
  with: [images, network],
  calls: { vms: (capability) => capability.imageUsers('sha256:none') },
});
