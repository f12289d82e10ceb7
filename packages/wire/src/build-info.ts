import type { VersionInfo } from '@nook/daemonapi';
import manifest from '../package.json' with { type: 'json' };

/** Put in place by the bundler; absent when run from the sources. */
declare const __NOOK_BUILD__: { readonly commit: string; readonly build_time: string } | undefined;

const fromSources = { commit: 'unknown', build_time: 'unknown' };

/** The build that this code is part of. */
export const buildInfo: VersionInfo = {
  version: manifest.version,
  ...(typeof __NOOK_BUILD__ === 'undefined' ? fromSources : __NOOK_BUILD__),
};
