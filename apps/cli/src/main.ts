// nook: the commands that it has, and one call. To make a command line of your own, copy this file and edit the imports;
// their order is that of the commands in `nook help`.
import '@nook/plugin-vm/cli';
import '@nook/plugin-workspace/cli';
import '@nook/plugin-images/cli';
import '@nook/plugin-network/cli';
import '@nook/plugin-roothelper/cli';
import '@nook/cli/commands';
import { main } from '@nook/cli';

await main();
