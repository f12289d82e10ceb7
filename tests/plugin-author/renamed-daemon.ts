// nookd with its plugins under the names that NOOK_TEST_NAMES gives them: {"images": "x-images"}.
import { registerPlugin } from '@nook/daemonapi';
import { runDaemon } from '@nook/engine';
import { images } from '@nook/plugin-images';
import { network } from '@nook/plugin-network';
import { vm } from '@nook/plugin-vm';

const names = JSON.parse(process.env.NOOK_TEST_NAMES ?? '{}') as Readonly<Record<string, string>>;
for (const plugin of [images, network, vm]) registerPlugin({ ...plugin, name: names[plugin.name] ?? plugin.name });

await runDaemon();
