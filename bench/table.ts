import { isMet, type Row } from './row.ts';

const HEADER = ['what', 'measured', 'p99', 'target', '', 'peer', 'ratio', 'n'];
/** Columns that hold figures. */
const RIGHT = new Set([1, 2, 3, 6, 7]);

/** The cells of every row, as text. */
function cells(rows: readonly Row[]): string[][] {
  return rows.map((row) => [
    row.what,
    `${figure(row.value)} ${row.unit}`,
    row.p99 === undefined ? '' : figure(row.p99),
    row.target === undefined ? '' : `${row.target.is === 'at most' ? '≤' : '≥'} ${figure(row.target.value)}`,
    { true: 'met', false: 'missed', undefined: '' }[String(isMet(row)) as 'true' | 'false' | 'undefined'],
    row.peer === undefined ? '' : `${row.peer.what}: ${figure(row.peer.value)} ${row.unit}`,
    row.peer === undefined ? '' : `${figure(row.value / row.peer.value)}×`,
    String(row.samples.length),
  ]);
}

/** Three significant digits, and none lost before the point. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
  return String(Number(value.toPrecision(3)));
}

export function textTable(rows: readonly Row[]): string {
  const lines = [HEADER, ...cells(rows)];
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdownTable(rows: readonly Row[]): string {
  const rule = HEADER.map((_, column) => (RIGHT.has(column) ? '---:' : '---'));
  return [HEADER, rule, ...cells(rows)].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
