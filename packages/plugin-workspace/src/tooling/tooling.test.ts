import { expect, test } from 'vitest';
import { detectors } from './detectors.ts';
import { planTooling } from './plan.ts';

const plan = (files: Record<string, string>) =>
  planTooling(detectors, new Map(Object.entries(files))).map(
    ({ tool, version, file, why, skipped }) =>
      `${tool} ${version ?? 'any'} (${file}: ${why})${skipped === undefined ? '' : ` skipped: ${skipped}`}`,
  );

test.each<[what: string, files: Record<string, string>, plan: string[]]>([
  ['nothing', { 'README.md': 'x' }, []],
  [
    'mise, with each way to write a version',
    {
      'mise.toml':
        '[tools]\nnode = "22"\npython = ["3.12", "3.11"]\ngo = { version = "1.22" }\nrust = "system"\njq = "latest"\nx = "path:/y"',
    },
    [
      'node 22 (mise.toml: tools.node)',
      'python 3.12 (mise.toml: tools.python)',
      'go 1.22 (mise.toml: tools.go)',
      'rust any (mise.toml: tools.rust) skipped: the system’s own is wanted',
      'jq any (mise.toml: tools.jq)',
      "x any (mise.toml: tools.x) skipped: 'path:/y' is no version",
    ],
  ],
  [
    'asdf',
    { '.tool-versions': '# ours\nnodejs 20.1.0 18.0.0\n\ngolang  1.21\n' },
    ['node 20.1.0 (.tool-versions: nodejs)', 'go 1.21 (.tool-versions: golang)'],
  ],
  [
    'package.json, which says less than .nvmrc',
    {
      '.nvmrc': 'v20.5.0\n',
      'package.json': '{"packageManager":"pnpm@9.1.0+sha512.abc","engines":{"node":">=18","npm":3}}',
    },
    [
      'node 20.5.0 (.nvmrc: its one line)',
      'pnpm 9.1.0 (package.json: packageManager)',
      'node >=18 (package.json: engines.node) skipped: .nvmrc says 20.5.0 already',
      'npm 3 (package.json: engines.npm)',
    ],
  ],
  ['a package.json that says nothing', { 'package.json': '{}' }, ['node any (package.json: it is there)']],
  [
    'go.mod',
    { 'go.mod': 'module x\n\ngo 1.22\n\ntoolchain go1.22.3\n' },
    ['go 1.22.3 (go.mod: toolchain)', 'go 1.22 (go.mod: go) skipped: go.mod says 1.22.3 already'],
  ],
  [
    'pyproject.toml',
    { 'pyproject.toml': '[project]\nrequires-python = ">=3.11"\n[tool.uv]\n' },
    ['python >=3.11 (pyproject.toml: project.requires-python)', 'uv any (pyproject.toml: tool.uv)'],
  ],
  [
    'poetry, and .python-version before it',
    { '.python-version': '3.12.1\n', 'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.10"' },
    [
      'python 3.12.1 (.python-version: its first line)',
      'python ^3.10 (pyproject.toml: tool.poetry.dependencies.python) skipped: .python-version says 3.12.1 already',
      'poetry any (pyproject.toml: tool.poetry)',
    ],
  ],
  [
    'Rust, by each of its files',
    { 'rust-toolchain.toml': '[toolchain]\nchannel = "1.80"', 'Cargo.toml': '[package]\nrust-version = "1.70"' },
    [
      'rust 1.80 (rust-toolchain.toml: toolchain.channel)',
      'rust >=1.70 (Cargo.toml: package.rust-version) skipped: rust-toolchain.toml says 1.80 already',
    ],
  ],
  ['an older rust-toolchain', { 'rust-toolchain': 'nightly\n' }, ['rust nightly (rust-toolchain: its one line)']],
  [
    'a workspace of Cargo',
    { 'Cargo.toml': '[workspace.package]\nrust-version = "1.75"' },
    ['rust >=1.75 (Cargo.toml: workspace.package.rust-version)'],
  ],
  [
    'files that are not what they are called',
    { 'package.json': '{', 'pyproject.toml': '= =', 'mise.toml': '[', 'Cargo.toml': 'package = 3', 'go.mod': '' },
    [
      'mise any (mise.toml: it is there) skipped: it is no TOML',
      'node any (package.json: it is there) skipped: it is no JSON',
      'go any (go.mod: go)',
      'python any (pyproject.toml: it is there) skipped: it is no TOML',
      'rust any (Cargo.toml: it is there)',
    ],
  ],
  ['what would speak to a terminal', { '.nvmrc': '\u001b[31m20' }, ['node ?[31m20 (.nvmrc: its one line)']],
])('%s', (_, files, expected) => {
  expect(plan(files)).toEqual(expected);
});

test('a detector that fails stops no other', () => {
  const failing = { name: 'acme', files: ['go.mod'], detect: () => JSON.parse('{') };
  const tools = planTooling([failing, ...detectors], new Map([['go.mod', 'go 1.22']]));
  expect(tools).toMatchObject([
    { tool: 'acme', skipped: expect.stringContaining('failed') },
    { tool: 'go', version: '1.22' },
  ]);
});
