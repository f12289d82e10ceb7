import type { StandardSchema } from '@nook/daemonapi';
import { type JsonSchema, MOST_PROBLEMS, unknownKeys } from './unknown-keys.ts';

export type { JsonSchema };

export interface SchemaProblem {
  /** Dotted path of the value, empty for the whole. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

export type Checked<Output> = { readonly value: Output } | { readonly problems: readonly SchemaProblem[] };

/**
 * Validates against a schema. Where the schema can describe itself, a key that it does not know is a problem of its own,
 * with a suggestion, also when the schema itself would let it pass.
 */
export function check<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
): Checked<Output> | Promise<Checked<Output>> {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) return result.then((settled) => judge(schema, value, settled));
  return judge(schema, value, result);
}

type SchemaResult<Output> = Awaited<ReturnType<StandardSchema<unknown, Output>['~standard']['validate']>>;

function judge<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
  result: SchemaResult<Output>,
): Checked<Output> {
  if (result.issues === undefined) return { value: result.value };
  const unknown = unknownKeys(describe(schema), value);
  const others = result.issues
    .slice(0, MOST_PROBLEMS)
    .filter(({ message }) => unknown.length === 0 || !message.startsWith('Unrecognized key'))
    .map(({ path, message }) => ({ path: dotted(path), message }));
  return { problems: [...unknown, ...others] };
}

/** As {@link check}, with unknown keys refused whatever the schema says. */
export async function checkStrictly<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
): Promise<Checked<Output>> {
  const checked = await check(schema, value);
  if ('problems' in checked) return checked;
  const unknown = unknownKeys(describe(schema), value);
  return unknown.length === 0 ? checked : { problems: unknown };
}

/** Made once for each schema: it costs more than all else that is done for a call that is refused. */
const described = new WeakMap<object, JsonSchema>();

function describe(schema: StandardSchema<unknown, unknown>): JsonSchema {
  let description = described.get(schema);
  if (description === undefined) {
    description = made(schema);
    described.set(schema, description);
  }
  return description;
}

function made(schema: StandardSchema<unknown, unknown>): JsonSchema {
  try {
    return schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }) ?? {};
  } catch {
    // A schema may hold what JSON Schema cannot say; then there are no suggestions.
    return {};
  }
}

function dotted(path: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined): string {
  return (path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
}
