import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildTar } from '@nook/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImageInfo } from '../contract.ts';
import { otherDaemon } from '../testing/other-daemon.ts';
import { pausingProxy } from '../testing/pausing-proxy.ts';
import { startRegistry, type TestRegistry } from '../testing/registry.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { testDaemon } from '../testing/test-daemon.ts';
import { layoutOf, run } from '../testing/umoci.ts';

const config = { size: '64MiB' };
const LAYER = buildTar([{ name: 'random', content: randomBytes(4 * 2 ** 20) }]);
const PAUSE_AFTER = 2 ** 20;

let dir: Awaited<ReturnType<typeof tempDir>>;
let registry: TestRegistry;
/** Of the layer as the registry sends it. */
let hex: string;
let size: number;

beforeAll(async () => {
  dir = await tempDir();
  registry = await startRegistry(dir.path);
  const image = `docker://${registry.host}/some/thing:v1`;
  run('skopeo', 'copy', '-q', '--dest-tls-verify=false', `oci:${await layoutOf(dir.path, [LAYER])}`, image);
  const [layer] = JSON.parse(run('skopeo', 'inspect', '--raw', '--tls-verify=false', image)).layers;
  hex = layer.digest.slice('sha256:'.length);
  size = layer.size;
}, 60_000);
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** What the registry's log tells of requests for the layer, as `STATUS BYTES`. */
function served(since: number): string[] {
  const lines = registry.log.slice(since).map((line) => new RegExp(`"GET \\S*${hex} HTTP\\S+" (\\d+ \\d+)`).exec(line));
  return lines.flatMap((found) => found?.[1] ?? []);
}

test('of two pulls of the same the first is cancelled on its way: the other goes on, and nothing is sent twice', async () => {
  await using proxy = await pausingProxy(registry.host, PAUSE_AFTER);
  await using daemon = testDaemon(join(dir.path, 'shared'), { config });
  const before = registry.log.length;
  const params = { reference: `${proxy.host}/some/thing:v1` };
  const gone = new AbortController();
  const first = expect(daemon.call('image.pull', params, gone.signal)).rejects.toMatchObject({ code: 'cancelled' });
  const second = daemon.call('image.pull', params);
  await proxy.paused;
  gone.abort();
  await first;
  proxy.resume();
  expect((await second) as ImageInfo).toMatchObject({ name: expect.any(String) });
  await expect.poll(() => served(before)).toEqual([`200 ${size}`]);
});

test('a daemon that is killed in the middle of a layer leaves its beginning, and the next one asks for the rest', async () => {
  await using proxy = await pausingProxy(registry.host, PAUSE_AFTER);
  const home = join(dir.path, 'killed');
  const store = join(home, 'images');
  const params = { reference: `${proxy.host}/some/thing:v1` };
  const other = otherDaemon({ home, store, method: 'image.pull', params, config });
  await proxy.paused;
  const begun = () =>
    stat(join(store, 'blobs', `${hex}.partial`)).then(
      (stats) => stats.size,
      () => 0,
    );
  await expect.poll(begun).toBeGreaterThan(PAUSE_AFTER / 2);
  other.child.kill('SIGKILL');
  await other.ended;
  const kept = await begun();
  const before = registry.log.length;
  proxy.resume();
  await using daemon = testDaemon(home, { config });
  const image = (await daemon.call('image.pull', params)) as ImageInfo;
  expect(daemon.images.get(params.reference)?.digest).toBe(image.digest);
  await expect.poll(() => served(before)).toContain(`206 ${size - kept}`);
});
