import { conditions, describe } from './conditions.ts';
import { writeDocument } from './document.ts';
import { Lab, type Measurement } from './lab.ts';
import { measurements } from './measurements/all.ts';
import { type Options, readOptions } from './options.ts';
import { reportError } from './report-error.ts';
import type { Row } from './row.ts';
import { writeSamples } from './samples-file.ts';
import { textTable } from './table.ts';

try {
  await bench(readOptions(process.argv.slice(2)));
} catch (error) {
  reportError(error);
  process.exitCode = 1;
}

async function bench({ only, quick, json, write }: Options): Promise<void> {
  await using lab = await Lab.open({ quick });
  const circumstances = await conditions(lab);
  for (const [what, value] of describe(circumstances)) console.log(`${what}: ${value}`);
  const rows: Row[] = [];
  for (const name of only) {
    console.error(`measuring ${name} …`);
    rows.push(...(await (measurements[name] as Measurement)(lab)));
  }
  console.log(`\n${textTable(rows)}`);
  if (json !== undefined) await writeSamples(json, circumstances, rows);
  const order = Object.keys(measurements);
  if (write !== undefined) await writeDocument(write, { conditions: circumstances, rows, order });
}
