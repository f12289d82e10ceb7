const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';

export const INDEXES = [`${OCI}.index.v1+json`, `${DOCKER}.distribution.manifest.list.v2+json`];
export const MANIFESTS = [`${OCI}.manifest.v1+json`, `${DOCKER}.distribution.manifest.v2+json`];

/** Layers that hold a tar, however it is packed: what it is packed with is seen by its first bytes. */
export function isTarLayer(mediaType: string): boolean {
  return /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/.test(
    mediaType,
  );
}
