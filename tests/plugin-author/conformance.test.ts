import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';
import { conformance } from '@nook/testkit/conformance';

// The bundled plugins, through the suite that third-party ones are put through; that of images is in image-source.test.ts.

const vmOfNetwork = { id: 'a', name: 'a', mac: '52:54:00:00:00:01', opId: 'op-conformance' };

conformance(network, {
  calls: { network: async (capability) => capability.plan(capability.check({}), vmOfNetwork) },
});

conformance(vm, {
  with: [images, network],
  calls: {
    vms: (capability) => capability.imageUsers('sha256:none'),
    scopes: (capability) => capability.enter({ unit: 'nook-conformance.scope', description: 'nobody', pids: [] }),
  },
});
