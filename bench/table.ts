import { isMet, type Peer, type Row } from './row.ts';

const HEADER = ['what', 'measured', 'p99', 'target', '', 'peer', 'ratio', 'n'];
/** Columns that hold figures. */
const RIGHT = new Set([1, 2, 3, 6, 7]);

/** The cells of every row, as text. Peers after the first have a line of their own. */
function cells(rows: readonly Row[]): string[][] {
  return rows.flatMap((row) => {
    const [first, ...others] = row.peers ?? [];
    const own = [
      row.what,
      `${figure(row.value)} ${row.unit}`,
      row.p99 === undefined ? '' : figure(row.p99),
      row.target === undefined ? '' : `${row.target.is === 'at most' ? '≤' : '≥'} ${figure(row.target.value)}`,
      { true: 'met', false: 'missed', undefined: '' }[String(isMet(row)) as 'true' | 'false' | 'undefined'],
      ...(first === undefined ? ['', ''] : besides(row, first)),
      String(row.samples.length),
    ];
    return [own, ...others.map((peer) => ['', '', '', '', '', ...besides(row, peer), ''])];
  });
}

function besides(row: Row, peer: Peer): [string, string] {
  if ('absent' in peer) return [`${peer.what}: ${peer.absent}`, ''];
  return [`${peer.what}: ${figure(peer.value)} ${row.unit}`, `${figure(row.value / peer.value)}×`];
}

/** Three significant digits, and none lost before the point. */
function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
  return String(Number(value.toPrecision(3)));
}

export function textTable(rows: readonly Row[]): string {
  const { lines } = aligned(rows);
  return lines.map((line) => line.join('  ').trimEnd()).join('\n');
}

/** Aligned as the formatter wants tables of Markdown, so that it has nothing to change. */
export function markdownTable(rows: readonly Row[]): string {
  const { lines, widths } = aligned(rows);
  const rule = widths.map((width, column) => (RIGHT.has(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [lines[0] ?? [], rule, ...lines.slice(1)].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** Header and rows, every cell filled up to its column's width. */
function aligned(rows: readonly Row[]): { readonly lines: string[][]; readonly widths: number[] } {
  const lines = [HEADER, ...cells(rows)];
  const widths = HEADER.map((_, column) => Math.max(3, ...lines.map((line) => (line[column] ?? '').length)));
  const fill = (cell: string, column: number) =>
    RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return { lines: lines.map((line) => line.map(fill)), widths };
}
