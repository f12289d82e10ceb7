// nookd with one more plugin: a copy of apps/daemon/src/main.ts and an import.
import '@nook/plugin-images/register';
import '@nook/plugin-network/register';
import '@nook/plugin-roothelper/register';
import '@nook/plugin-vm/register';
import '@nook/plugin-workspace/register';
import 'nook-webhook/register';
import type { Wired } from '@nook/daemonapi';
import { runDaemon } from '@nook/engine';

true satisfies Wired;

await runDaemon();
