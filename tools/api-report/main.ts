// Writes what the contract package declares to its committed report.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiReport, REPORT } from './report.ts';

const root = join(import.meta.dirname, '../..');
await writeFile(join(root, REPORT), await apiReport(root));
console.log(REPORT);
