import { configPath, resolveDirs } from '@nook/wire';
import { stringify } from 'smol-toml';
import { readConfigFile } from './config.ts';
import { withOrigins } from './config-origins.ts';
import { createEngine } from './engine.ts';
import type { Plan } from './plan.ts';

const USAGE = `nookd takes no arguments but these, with which it starts nothing:
  --plan [--json]                   what it would be made of; exit code 1 when that does not fit together
  --config show|check|default       its configuration with all defaults, whether it is right, or the defaults alone
`;

type Line = (text: string) => void;

/**
 * Answers questions about a daemon of the registered plugins, without starting it.
 * @returns the exit code
 * @throws NookError `bad_params` when config.toml is wrong
 */
export async function inspect(args: readonly string[], line: Line = console.log): Promise<number> {
  const json = args.includes('--json');
  const [question, what, ...rest] = args.filter((argument) => argument !== '--json');
  if (question === '--plan' && what === undefined) return plan(json, line);
  if (question === '--config' && what !== undefined && rest.length === 0) {
    if (what === 'show') return show(json, line);
    if (what === 'check') return check(json, line);
    if (what === 'default') return defaults(json, line);
  }
  console.error(USAGE.trimEnd());
  return 2;
}

async function plan(json: boolean, line: Line): Promise<number> {
  const found = await createEngine().plan();
  if (json) line(JSON.stringify(found, null, 2));
  else for (const text of describePlan(found)) line(text);
  return found.problems.length === 0 ? 0 : 1;
}

function describePlan({ plugins, problems }: Plan): string[] {
  const list = (words: readonly string[]) => (words.length === 0 ? '-' : words.join(', '));
  return [
    ...plugins.flatMap(({ name, version, state, reason, from, provides, needs, contributions, methods }) => [
      `${name} ${version}  ${state}${reason === undefined ? '' : `: ${reason}`}`,
      `  from         ${from}`,
      `  provides     ${list(provides)}`,
      `  needs        ${list(needs.map(({ capability, required, provider }) => `${capability} (${provider ?? (required ? 'missing' : 'absent')})`))}`,
      `  contributes  ${list(Object.entries(contributions).map(([point, count]) => `${point} ×${count}`))}`,
      `  methods      ${list(methods)}`,
    ]),
    ...problems.map((problem) => `problem: ${problem}`),
  ];
}

async function show(json: boolean, line: Line): Promise<number> {
  const path = configPath(resolveDirs());
  const config = await createEngine().effectiveConfig();
  const file = await readConfigFile(path);
  if (json) print(config, json, line);
  else print(config, json, (text) => line(withOrigins(text, file, path)));
  return 0;
}

async function check(json: boolean, line: Line): Promise<number> {
  await createEngine().effectiveConfig();
  const path = configPath(resolveDirs());
  line(json ? JSON.stringify({ path, ok: true }) : `${path}: all right`);
  return 0;
}

async function defaults(json: boolean, line: Line): Promise<number> {
  print(await createEngine({ config: {} }).effectiveConfig(), json, line);
  return 0;
}

function print(config: Readonly<Record<string, unknown>>, json: boolean, line: Line): void {
  // What is undefined is absent, in JSON as well as in TOML.
  const plain = JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
  line(json ? JSON.stringify(plain, null, 2) : stringify(plain).trimEnd());
}
