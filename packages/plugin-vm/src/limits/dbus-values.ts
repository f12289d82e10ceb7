/** A value together with its type, as D-Bus has it. */
export interface Variant {
  readonly signature: string;
  readonly value: DbusValue;
}

/** Integers of 64 bits are bigint; a struct is an array of its fields. */
export type DbusValue = string | number | bigint | boolean | Variant | readonly DbusValue[];

/** How wide a type is, and therefore aligned; what is not here is aligned to 4. */
const WIDTHS: Readonly<Record<string, number>> = { y: 1, g: 1, v: 1, n: 2, q: 2, t: 8, x: 8, d: 8, '(': 8, '{': 8 };

export const alignmentOf = (type: string) => WIDTHS[type[0] as string] ?? 4;

/** The complete types that a signature is made of. */
export function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number): number {
  const type = signature[at];
  if (type === undefined) throw new Error(`'${signature}' is not a signature of D-Bus`);
  if (type === 'a') return endOfType(signature, at + 1);
  if (type !== '(' && type !== '{') return at + 1;
  const close = type === '(' ? ')' : '}';
  let next = at + 1;
  while (signature[next] !== close) next = endOfType(signature, next);
  return next + 1;
}
