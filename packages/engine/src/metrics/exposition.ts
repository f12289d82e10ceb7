import { BOUNDS, type Histogram } from './histogram.ts';

type Labels = Readonly<Record<string, string>>;

/** Writes Prometheus' text format, version 0.0.4. */
export class Exposition {
  readonly #lines: string[] = [];

  value(
    family: { readonly name: string; readonly type: 'counter' | 'gauge'; readonly help: string },
    value: number,
  ): void {
    this.values(family, [[{}, value]]);
  }

  values(
    { name, type, help }: { readonly name: string; readonly type: 'counter' | 'gauge'; readonly help: string },
    samples: Iterable<readonly [Labels, number]>,
  ): void {
    this.#head(name, type, help);
    for (const [labels, value] of samples) this.#sample(name, labels, value);
  }

  histograms(
    { name, help }: { readonly name: string; readonly help: string },
    samples: Iterable<readonly [Labels, Histogram]>,
  ): void {
    this.#head(name, 'histogram', help);
    for (const [labels, histogram] of samples) {
      const { buckets, sum, count } = histogram.totals;
      for (const [at, total] of buckets.entries()) {
        this.#sample(`${name}_bucket`, { ...labels, le: at < BOUNDS.length ? String(BOUNDS[at]) : '+Inf' }, total);
      }
      this.#sample(`${name}_sum`, labels, sum);
      this.#sample(`${name}_count`, labels, count);
    }
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  #sample(name: string, labels: Labels, value: number): void {
    const inner = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    this.#lines.push(`${name}${inner.length === 0 ? '' : `{${inner.join(',')}}`} ${value}`);
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
