// main.ts [DIR]: tarballs of all packages, to be installed elsewhere; into dist/packages when no folder is named.
import { relative, resolve } from 'node:path';
import { pack } from './pack.ts';

const root = resolve(import.meta.dirname, '../..');
const [out = resolve(root, 'dist/packages')] = process.argv.slice(2);
for (const file of await pack(root, resolve(out))) console.log(relative(process.cwd(), file));
