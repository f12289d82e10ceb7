/**
 * The part of Standard Schema v1 (https://standardschema.dev) that nook relies on, written out so that this
 * package depends on nothing. Any validator that speaks it will do; zod 4 does.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** JSON Schema of the values taken and given (Standard JSON Schema v1). Used for `rpc.discover` and for suggestions. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: JsonSchemaTarget }) => Record<string, unknown>;
      readonly output: (options: { readonly target: JsonSchemaTarget }) => Record<string, unknown>;
    };
  };
}

type JsonSchemaTarget = 'draft-2020-12' | 'draft-07' | (string & {});

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type InferInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input'];
export type InferOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output'];
