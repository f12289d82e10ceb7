import type { ToolingFinding } from '@nook/daemonapi';
import { parse } from 'smol-toml';

/** What a file of TOML says; one that is none gives a finding that says so. Absent files say nothing. */
export function readToml(
  file: string,
  text: string | undefined,
  tool: string,
  read: (toml: Record<string, unknown>) => ToolingFinding[],
): ToolingFinding[] {
  if (text === undefined) return [];
  let toml: Record<string, unknown>;
  try {
    toml = parse(text);
  } catch {
    return [{ tool, file, why: 'it is there', skipped: 'it is no TOML' }];
  }
  return read(toml);
}

/** Empty for what is no table. */
export function tableOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

/** The first line that says something. */
export function oneLine(text: string | undefined): string | undefined {
  return text
    ?.split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .find((line) => line !== '');
}
