// The order of the imports is that of the commands in `nook help`.
import '@nook/plugin-vm/cli';
import '@nook/plugin-images/cli';
import './commands/register.ts';
import { main } from './program/main.ts';

await main();
