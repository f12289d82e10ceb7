import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Conditions } from './conditions.ts';
import type { Row } from './row.ts';

/** All samples, with what the table shows of them: a line for each row, figures to six digits. */
export async function writeSamples(path: string, conditions: Conditions, rows: readonly Row[]): Promise<void> {
  const shortened = (_key: string, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value;
  const lines = rows.map((row) => JSON.stringify(row, shortened));
  const text = `{\n"conditions": ${JSON.stringify(conditions)},\n"rows": [\n${lines.join(',\n')}\n]\n}\n`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
