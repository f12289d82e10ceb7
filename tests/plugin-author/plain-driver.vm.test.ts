import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';
import { vmDriverConformance } from '@nook/testkit/conformance';
import { plainDriver } from './plain-driver/plugin.ts';

// A third party's driver, which imports the contract and nothing else of nook, beside the one that plugin-vm brings.
vmDriverConformance(plainDriver, {
  driver: 'plain',
  with: [vm, images, network],
  env: { ...process.env, NOOK_STORE: process.env.NOOK_TEST_STORE },
});
