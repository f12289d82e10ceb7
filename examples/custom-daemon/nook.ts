// nook with the commands of one more plugin: a copy of apps/cli/src/main.ts and an import.
import '@nook/plugin-vm/cli';
import '@nook/plugin-workspace/cli';
import '@nook/plugin-images/cli';
import '@nook/plugin-network/cli';
import '@nook/plugin-roothelper/cli';
import 'nook-webhook/cli';
import '@nook/cli/commands';
import { main } from '@nook/cli';

await main();
