import { parseSync, Visitor } from 'oxc-parser';

export interface Import {
  readonly specifier: string;
  /** Erased by the compiler: nothing is loaded when the program runs. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Every import of one source file: declarations, re-exports, `import()` of code and of types. */
export function importsOf(file: string, source: string): Import[] {
  const { program, errors } = parseSync(file, source);
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);
  const imports: Import[] = [];
  const add = (specifier: unknown, kind: string | undefined, start: number) => {
    if (typeof specifier !== 'string') return;
    const line = source.slice(0, start).split('\n').length;
    imports.push({ specifier, typeOnly: kind === 'type', line });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind, node.start),
    ExportNamedDeclaration: (node) => add(node.source?.value, node.exportKind, node.start),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind, node.start),
    ImportExpression: (node) => add((node.source as { value?: unknown }).value, 'value', node.start),
    TSImportType: (node) => add(node.source.value, 'type', node.start),
  }).visit(program);
  return imports;
}
