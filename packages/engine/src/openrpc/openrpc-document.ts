import { ERROR_CODES, type StandardSchema } from '@nook/daemonapi';
import type { JsonSchema } from '@nook/wire/schema-check';
import type { MethodRow } from '../method-row.ts';

export type OpenRpcDocument = Readonly<Record<string, unknown>>;

type Side = 'input' | 'output';

/**
 * The dispatch table as an OpenRPC document: the same for the same table, whatever order the plugins came in.
 * `x-access`, `x-plugin`, `x-stream` and `x-operation` say what OpenRPC has no words for.
 */
export function openRpcDocument(rows: Iterable<MethodRow>, version: string): OpenRpcDocument {
  const sorted = [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    openrpc: '1.3.2',
    info: {
      title: 'nookd',
      version,
      description: 'Methods of a nook daemon. The wire that carries them is described in docs/protocol.md.',
    },
    methods: sorted.map(method),
    components: {
      schemas: {
        ErrorData: {
          type: 'object',
          properties: {
            code: { enum: ERROR_CODES },
            op_id: { type: 'string' },
            hint: { type: 'string' },
            details: { type: 'object' },
          },
          required: ['code', 'op_id'],
        },
      },
    },
  };
}

function method({ name, plugin, definition }: MethodRow): Readonly<Record<string, unknown>> {
  const { summary, access, stream, operation, params, result } = definition;
  const input = jsonSchema(params, 'input');
  const properties = (input.properties ?? {}) as Record<string, JsonSchema>;
  const required = new Set((input.required ?? []) as string[]);
  // Required ones first, as OpenRPC wants it.
  const names = Object.keys(properties).sort((a, b) => Number(required.has(b)) - Number(required.has(a)));
  return {
    name,
    summary,
    paramStructure: 'by-name',
    params: names.map((param) => ({ name: param, required: required.has(param), schema: properties[param] })),
    result: { name: 'result', schema: jsonSchema(result, 'output') },
    'x-access': access,
    'x-plugin': plugin,
    ...(stream === true ? { 'x-stream': true } : {}),
    ...(operation === true ? { 'x-operation': true } : {}),
  };
}

/** What a schema says of itself; one that cannot is one that takes anything. */
function jsonSchema(schema: StandardSchema<unknown, unknown>, side: Side): JsonSchema {
  try {
    const { $schema: _, ...rest } = schema['~standard'].jsonSchema?.[side]({ target: 'draft-07' }) ?? {};
    return rest;
  } catch {
    return {};
  }
}
