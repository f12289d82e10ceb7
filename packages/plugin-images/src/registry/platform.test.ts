import { expect, test } from 'vitest';
import { readManifest } from './manifest.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** The variant that is taken of an index with these, all for linux/amd64 but for what begins with another architecture. */
function chosen(variants: readonly (string | undefined)[]): string | undefined {
  const manifests = variants.map((text, index) => {
    const [architecture, variant] = text?.includes('/') ? text.split('/') : ['amd64', text];
    return {
      digest: `sha256:${String(index).padStart(64, '0')}`,
      size: 1,
      platform: { os: 'linux', architecture, variant },
    };
  });
  const { digest } = readManifest(JSON.stringify({ schemaVersion: 2, manifests }), INDEX, 'it') as { digest: string };
  return variants[manifests.findIndex((one) => one.digest === digest)];
}

test.each<[readonly (string | undefined)[], string | undefined]>([
  [['v3', 'v2', undefined], undefined],
  [['v4', 'v1', 'v2'], 'v1'],
  [['v3', ''], ''],
  [['odd', 'v4', 'v2', 'v3'], 'v2'],
  [['arm64/v8', 'v3'], 'v3'],
  [['odd'], 'odd'],
])('of variants %j, the one that wants least of the CPU is taken', (variants, expected) => {
  expect(chosen(variants)).toBe(expected);
});
