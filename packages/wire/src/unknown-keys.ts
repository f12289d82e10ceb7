import type { SchemaProblem } from './schema-check.ts';
import { suggestionHint } from './suggest.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** More are not looked for: whoever sends hundreds of thousands must not keep others waiting. */
export const MOST_PROBLEMS = 50;

/** The keys in `value`, at any depth, that the JSON Schema does not name, with what was probably meant. */
export function unknownKeys(schema: JsonSchema, value: unknown): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const problem of walk({ root: schema, schema, value, path: [] })) {
    problems.push(problem);
    if (problems.length === MOST_PROBLEMS) break;
  }
  return problems;
}

interface Place {
  readonly root: JsonSchema;
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly path: readonly string[];
}

function* walk({ root, schema, value, path }: Place): Generator<SchemaProblem> {
  const shapes = alternatives(root, schema);
  if (Array.isArray(value)) {
    const items = shapes.map((shape) => shape.items).find(isObject);
    if (items === undefined) return;
    for (const [index, item] of value.entries()) {
      yield* walk({ root, schema: items, value: item, path: [...path, String(index)] });
    }
    return;
  }
  if (!isObject(value)) return;
  const objects = shapes.filter((shape) => isObject(shape.properties));
  const values = shapes.map(({ additionalProperties }) => additionalProperties).find(isObject);
  if (objects.length === 0 && values !== undefined) {
    for (const [key, inner] of Object.entries(value))
      yield* walk({ root, schema: values, value: inner, path: [...path, key] });
    return;
  }
  // Anything goes where no shape lists its keys, or one of them is open.
  if (objects.length === 0 || shapes.some(({ additionalProperties: open }) => open === true || isObject(open))) return;
  const known = new Map(objects.flatMap((shape) => Object.entries(shape.properties as Record<string, JsonSchema>)));
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    const property = known.get(key);
    if (property !== undefined) {
      yield* walk({ root, schema: property, value: inner, path: at });
      continue;
    }
    const hint = suggestionHint(key, [...known.keys()]);
    yield { path: at.join('.'), message: 'Unknown key', ...(hint === undefined ? {} : { hint }) };
  }
}

/** The schema itself, or the branches that it is made of, references followed. */
function alternatives(root: JsonSchema, schema: JsonSchema, depth = 0): JsonSchema[] {
  if (depth > 20) return [];
  const reference = schema.$ref;
  if (typeof reference === 'string') {
    const target = reference === '#' ? root : follow(root, reference);
    return target === undefined ? [] : alternatives(root, target, depth + 1);
  }
  const branches = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => (schema[word] as JsonSchema[] | undefined) ?? []);
  return branches.length === 0 ? [schema] : branches.flatMap((branch) => alternatives(root, branch, depth + 1));
}

function follow(root: JsonSchema, reference: string): JsonSchema | undefined {
  let at: unknown = root;
  for (const segment of reference.replace(/^#\//, '').split('/')) at = isObject(at) ? at[segment] : undefined;
  return isObject(at) ? at : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
