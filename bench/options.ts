import { parseArgs } from 'node:util';
import { measurements } from './measurements/all.ts';

export interface Options {
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly write: string | undefined;
}

const USAGE = `npm run bench -- [--only NAME,…] [--quick] [--json FILE] [--write FILE]

  --only NAME,…  some of: ${Object.keys(measurements).join(', ')}
  --quick        few samples
  --json FILE    conditions, rows and all samples
  --write FILE   tables into a Markdown page, in place of earlier ones of the same names
  NOOK_STORE=DIR images and kernels, kept between runs`;

/** Ends the process with 2 when the command line is wrong. */
export function readOptions(argv: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        write: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const only = values.only?.split(',') ?? Object.keys(measurements);
    const unknown = only.find((name) => !Object.hasOwn(measurements, name));
    if (unknown !== undefined) throw new Error(`There is no measurement '${unknown}'.`);
    return { only, quick: values.quick, json: values.json, write: values.write };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}
