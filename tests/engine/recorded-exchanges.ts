type Step =
  | { readonly kind: 'send'; readonly line: string }
  | { readonly kind: 'receive'; readonly value: unknown }
  | { readonly kind: 'shut' }
  | { readonly kind: 'closed' };

export interface Exchange {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** Reads docs/protocol/exchanges.txt. Blocks are parted by empty lines; what holds no exchange is prose. */
export function readExchanges(text: string): Exchange[] {
  return text
    .split(/\n{2,}/)
    .map((block) => block.trim().split('\n'))
    .filter(([, first]) => first?.startsWith('> '))
    .map(([title = '', ...lines]) => ({ title, steps: lines.map(readStep) }));
}

function readStep(line: string): Step {
  if (line.startsWith('> ')) return { kind: 'send', line: line.slice(2) };
  if (line.startsWith('< ')) return { kind: 'receive', value: JSON.parse(line.slice(2)) };
  if (line === 'shut' || line === 'closed') return { kind: line };
  throw new Error(`'${line}' is no step of an exchange.`);
}

const ANYTHING = '…';

/** Whether a line is as recorded. */
export function matches(recorded: unknown, received: unknown): boolean {
  if (recorded === ANYTHING) return received !== undefined;
  if (typeof recorded !== 'object' || recorded === null) return recorded === received;
  if (typeof received !== 'object' || received === null) return false;
  const { [ANYTHING]: open, ...fields } = recorded as Record<string, unknown>;
  const keys = Object.keys(received);
  return (
    Array.isArray(recorded) === Array.isArray(received) &&
    (open !== undefined || keys.length === Object.keys(fields).length) &&
    Object.entries(fields).every(([key, value]) => matches(value, (received as Record<string, unknown>)[key]))
  );
}
