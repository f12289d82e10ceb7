// nookd with a plugin that takes part in the life of VMs.
import '@nook/plugin-images/register';
import '@nook/plugin-network/register';
import '@nook/plugin-vm/register';
import 'nook-seed-drive/register';
import { runDaemon } from '@nook/engine';

await runDaemon();
