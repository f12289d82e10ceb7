import type { ToolingDetector, ToolingFinding } from '@nook/daemonapi';
import { oneLine, readToml, tableOf, textOf } from './read-file.ts';

/** What other version managers call by another name. */
const NAMES: Readonly<Record<string, string>> = { nodejs: 'node', golang: 'go' };
const MISE_FILES = ['mise.toml', '.mise.toml'];
const ASDF_FILE = '.tool-versions';

/** mise, and asdf whose file it reads: https://mise.jdx.dev/configuration.html */
export const mise: ToolingDetector = {
  name: 'mise',
  files: [...MISE_FILES, ASDF_FILE],
  detect: (files) => [...MISE_FILES.flatMap((file) => ofMise(file, files.get(file))), ...ofAsdf(files.get(ASDF_FILE))],
};

function ofMise(file: string, text: string | undefined): ToolingFinding[] {
  return readToml(file, text, 'mise', (toml) =>
    Object.entries(tableOf(toml.tools)).map(([name, wanted]) => {
      const [first] = Array.isArray(wanted) ? wanted : [wanted];
      const version = textOf(first) ?? textOf(tableOf(first).version);
      return finding({ file, name, version, why: `tools.${name}` });
    }),
  );
}

/** `NAME VERSION [VERSION...]` in each line; the first that is there counts. */
function ofAsdf(text: string | undefined): ToolingFinding[] {
  const lines = (text ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', version] = line.split(/\s+/);
      return finding({ file: ASDF_FILE, name, version, why: name });
    });
}

interface Wanted {
  readonly file: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly why: string;
}

function finding({ file, name, version, why }: Wanted): ToolingFinding {
  const said = { tool: NAMES[name] ?? name, file, why };
  if (version === 'system') return { ...said, skipped: 'the system’s own is wanted' };
  if (version !== undefined && /^(?:path|ref|prefix|sub-\d+):/.test(version)) {
    return { ...said, skipped: `'${version}' is no version` };
  }
  return { ...said, version: version === 'latest' ? undefined : version };
}

const NODE_FILES = ['.node-version', '.nvmrc'];

/** package.json (engines, packageManager), and the files of nvm and its like. */
export const node: ToolingDetector = {
  name: 'node',
  files: [...NODE_FILES, 'package.json'],
  detect: (files) => [
    ...NODE_FILES.flatMap((file) => {
      const version = oneLine(files.get(file))?.replace(/^v(?=\d)/, '');
      return version === undefined ? [] : [{ tool: 'node', version, file, why: 'its one line' }];
    }),
    ...ofPackageJson(files.get('package.json')),
  ],
};

function ofPackageJson(text: string | undefined): ToolingFinding[] {
  if (text === undefined) return [];
  const file = 'package.json';
  let json: Record<string, unknown>;
  try {
    json = tableOf(JSON.parse(text));
  } catch {
    return [{ tool: 'node', file, why: 'it is there', skipped: 'it is no JSON' }];
  }
  const manager = /^([a-z]+)@([^+]+)/.exec(textOf(json.packageManager) ?? '');
  const engines = Object.entries(tableOf(json.engines)).filter(([, version]) => textOf(version) !== undefined);
  return [
    ...(manager ? [{ tool: manager[1] as string, version: manager[2], file, why: 'packageManager' }] : []),
    ...engines.map(([tool, version]) => ({ tool, version: textOf(version), file, why: `engines.${tool}` })),
    { tool: 'node', file, why: 'it is there' },
  ];
}

/** go.mod: `toolchain`, else `go`: https://go.dev/ref/mod#go-mod-file-toolchain */
export const go: ToolingDetector = {
  name: 'go',
  files: ['go.mod'],
  detect(files) {
    const text = files.get('go.mod');
    if (text === undefined) return [];
    const said = (word: string) => new RegExp(`^${word}[ \\t]+(\\S+)`, 'm').exec(text)?.[1];
    const toolchain = said('toolchain')?.replace(/^go/, '');
    return [
      ...(toolchain !== undefined && toolchain !== 'default'
        ? [{ tool: 'go', version: toolchain, file: 'go.mod', why: 'toolchain' }]
        : []),
      { tool: 'go', version: said('go'), file: 'go.mod', why: 'go' },
    ];
  },
};
