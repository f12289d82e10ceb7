import type { ToolingDetector, ToolingFinding } from '@nook/daemonapi';
import { oneLine, readToml, tableOf, textOf } from './read-file.ts';

/** .python-version, and pyproject.toml: https://packaging.python.org/en/latest/specifications/pyproject-toml/ */
export const python: ToolingDetector = {
  name: 'python',
  files: ['.python-version', 'pyproject.toml'],
  detect(files) {
    const version = oneLine(files.get('.python-version'));
    return [
      ...(version === undefined ? [] : [{ tool: 'python', version, file: '.python-version', why: 'its first line' }]),
      ...ofPyproject(files.get('pyproject.toml')),
    ];
  },
};

function ofPyproject(text: string | undefined): ToolingFinding[] {
  const file = 'pyproject.toml';
  return readToml(file, text, 'python', (toml) => {
    const tools = tableOf(toml.tool);
    const poetry = tableOf(tableOf(tools.poetry).dependencies).python;
    const required = textOf(tableOf(toml.project)['requires-python']);
    return [
      ...(required === undefined ? [] : [{ tool: 'python', version: required, file, why: 'project.requires-python' }]),
      ...(textOf(poetry) === undefined
        ? []
        : [{ tool: 'python', version: textOf(poetry), file, why: 'tool.poetry.dependencies.python' }]),
      { tool: 'python', file, why: 'it is there' },
      ...['uv', 'poetry', 'pdm', 'hatch']
        .filter((name) => Object.hasOwn(tools, name))
        .map((tool) => ({ tool, file, why: `tool.${tool}` })),
    ];
  });
}

/** rust-toolchain.toml, and Cargo.toml: https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file */
export const rust: ToolingDetector = {
  name: 'rust',
  files: ['rust-toolchain.toml', 'rust-toolchain', 'Cargo.toml'],
  detect(files) {
    const plain = files.get('rust-toolchain');
    // The older file is either a channel alone or TOML.
    const channel = plain?.includes('[') === true ? undefined : oneLine(plain);
    return [
      ...ofToolchain('rust-toolchain.toml', files.get('rust-toolchain.toml')),
      ...(channel === undefined
        ? ofToolchain('rust-toolchain', plain)
        : [{ tool: 'rust', version: channel, file: 'rust-toolchain', why: 'its one line' }]),
      ...ofCargo(files.get('Cargo.toml')),
    ];
  },
};

function ofToolchain(file: string, text: string | undefined): ToolingFinding[] {
  return readToml(file, text, 'rust', (toml) => {
    const { channel, path } = tableOf(toml.toolchain);
    const said = { tool: 'rust', file, why: 'toolchain.channel' };
    if (textOf(channel) !== undefined) return [{ ...said, version: textOf(channel) }];
    return path === undefined
      ? []
      : [{ ...said, why: 'toolchain.path', skipped: 'a folder of somebody’s host is no version' }];
  });
}

function ofCargo(text: string | undefined): ToolingFinding[] {
  const file = 'Cargo.toml';
  return readToml(file, text, 'rust', (toml) => {
    const own = textOf(tableOf(toml.package)['rust-version']);
    const shared = textOf(tableOf(tableOf(toml.workspace).package)['rust-version']);
    if (own !== undefined) return [{ tool: 'rust', version: `>=${own}`, file, why: 'package.rust-version' }];
    if (shared === undefined) return [{ tool: 'rust', file, why: 'it is there' }];
    return [{ tool: 'rust', version: `>=${shared}`, file, why: 'workspace.package.rust-version' }];
  });
}
