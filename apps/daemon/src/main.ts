// nookd: the plugins that it has, and one call. To make a daemon of your own, copy this file and edit the imports;
// `[daemon] command` in config.toml then tells nook to start yours.
import '@nook/plugin-images/register';
import '@nook/plugin-network/register';
import '@nook/plugin-roothelper/register';
import '@nook/plugin-vm/register';
import '@nook/plugin-workspace/register';
import type { Wired } from '@nook/daemonapi';
import { runDaemon } from '@nook/engine';

// Does not compile when a plugin needs what none of these provides, and says what is missing.
true satisfies Wired;

await runDaemon();
