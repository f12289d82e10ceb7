import '@nook/plugin-images/cli';
import '@nook/plugin-vm/cli';
import './commands/register.ts';
import { main } from './program/main.ts';

await main();
