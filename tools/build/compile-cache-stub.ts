/**
 * A program's file: turns on V8's cache of compiled code, which only takes effect for modules loaded later, and loads
 * the program. The cache is in dist/ where that may be written, otherwise with the user's other caches; without either
 * the program starts all the same, some milliseconds later.
 */
export function compileCacheStub(entry: string): string {
  return `#!/usr/bin/env node
import { accessSync, constants } from 'node:fs';
import { enableCompileCache } from 'node:module';
let cache = import.meta.dirname + '/.cache';
try {
  accessSync(import.meta.dirname, constants.W_OK);
} catch {
  const { HOME, NOOK_HOME, XDG_CACHE_HOME } = process.env;
  cache = (NOOK_HOME ? NOOK_HOME + '/cache' : (XDG_CACHE_HOME || HOME + '/.cache') + '/nook') + '/compiled';
}
enableCompileCache(cache);
await import('./${entry}');
`;
}
