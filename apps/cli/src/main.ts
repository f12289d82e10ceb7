// nook: the commands that it has, and one call. To make a command line of your own, copy this file and edit the imports.
import '@nook/plugin-images/cli';
import '@nook/plugin-vm/cli';
import '@nook/cli/commands';
import { main } from '@nook/cli';

await main();
