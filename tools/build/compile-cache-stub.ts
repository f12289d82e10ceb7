/**
 * A program's file: turns on V8's cache of compiled code, which only takes effect for modules loaded later, and loads
 * the program. The cache of the checkout's owner is in dist/, anyone else's with their other caches; where none can be
 * written the program starts all the same, some milliseconds later.
 */
export function compileCacheStub(entry: string): string {
  return `#!/usr/bin/env node
import { statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
const { HOME, NOOK_HOME, XDG_CACHE_HOME } = process.env;
const others = NOOK_HOME ? NOOK_HOME + '/cache' : (XDG_CACHE_HOME || HOME + '/.cache') + '/nook';
const own = statSync(import.meta.dirname).uid === process.getuid();
enableCompileCache(own ? import.meta.dirname + '/.cache' : others + '/compiled');
await import('./${entry}');
`;
}
