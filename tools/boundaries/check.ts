import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { edgeOf } from './edge.ts';
import { importsOf } from './imports-of.ts';
import { type Rule, rules } from './rules.ts';

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  readonly rule: Rule;
}

const SOURCES = '{packages,apps,tests,bench,examples,tools}/**/*.{ts,mts}';
const isMade = (name: string) => /(?:^|\/)(?:node_modules|dist|build)$/.test(name);

/** Checks every source file under `root` against the import rules. */
export function check(root: string): { readonly files: number; readonly violations: Violation[] } {
  const files = globSync(SOURCES, { cwd: root, exclude: isMade }).sort();
  const violations = files.flatMap((file) =>
    importsOf(file, readFileSync(join(root, file), 'utf8'))
      .map((found) => edgeOf(file, found))
      .flatMap((edge) =>
        rules
          .filter((rule) => rule.broken(edge))
          .map((rule) => ({ file, line: edge.line, specifier: edge.specifier, rule })),
      ),
  );
  return { files: files.length, violations };
}
