import { writeFile } from 'node:fs/promises';
import { conditions, describe } from './conditions.ts';
import { writeDocument } from './document.ts';
import { Lab, type Measurement } from './lab.ts';
import { measurements } from './measurements/all.ts';
import { readOptions } from './options.ts';
import type { Row } from './row.ts';
import { textTable } from './table.ts';

const { only, quick, json, write } = readOptions(process.argv.slice(2));
const rows: Row[] = [];
{
  await using lab = await Lab.open({ quick });
  const circumstances = await conditions(lab);
  for (const [what, value] of describe(circumstances)) console.log(`${what}: ${value}`);
  for (const name of only) {
    console.error(`measuring ${name} …`);
    rows.push(...(await (measurements[name] as Measurement)(lab)));
  }
  console.log(`\n${textTable(rows)}`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ conditions: circumstances, rows }, null, 1)}\n`);
  if (write !== undefined) await writeDocument(write, circumstances, rows);
}
