// nookd with plugins that take part in the life of VMs. With NOOK_TEST_WITHOUT_PROBE, one of them is not imported.
import '@nook/plugin-images/register';
import '@nook/plugin-network/register';
import '@nook/plugin-vm/register';
import 'nook-seed-drive/register';
import { registerPlugin } from '@nook/daemonapi';
import { runDaemon } from '@nook/engine';
import { probePlugin } from './probe-feature.ts';

if (process.env.NOOK_TEST_WITHOUT_PROBE === undefined) registerPlugin(probePlugin);

await runDaemon();
