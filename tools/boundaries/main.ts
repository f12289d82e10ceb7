import { join } from 'node:path';
import { check } from './check.ts';

const { files, violations } = check(join(import.meta.dirname, '../..'));
for (const { file, line, specifier, rule } of violations) {
  console.error(`${file}:${line}: must not import '${specifier}' (${rule.name})\n  ${rule.reason}`);
}
console.log(`import boundaries: ${files} files, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
