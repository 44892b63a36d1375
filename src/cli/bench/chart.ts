/**
 * Latencies as bars in a terminal. Rows are steps of the latency, ten to each power of ten or fewer; the bars'
 * lengths are logarithms of the counts, or the tail, which is what one looks for, would not be seen.
 *
 *    ≤ 0.25 ms  ████████████████████████████████   812,331   53.3 %
 *    ≤ 0.3  ms  ██████████████████████████▌         21,007    1.4 %
 */
import { BUCKET_COUNT, bucketTicks, type Counts, TICKS_PER_MS } from '../../load/histogram.ts';
import { countText } from '../figures.ts';

const BAR_CHARS_MAX = 44;
const ROWS_MAX = 22;
/** Edges within a power of ten: the finest that has few enough rows is taken. */
const EDGES = [[1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8], [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1]] as const;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const FULL = '█';
const FULL_ASCII = '#';

type Row = { readonly edgeMs: number; readonly count: number };

/** The chart's lines. None where there are no latencies. */
export function chartLines(counts: Counts, isAscii: boolean): readonly string[] {
  const rows = rowsMake(counts);
  const most = Math.max(0, ...rows.map(({ count }) => count));
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const width = Math.max(0, ...rows.map(({ edgeMs }) => edgeText(edgeMs).length));
  const countWidth = countText(most).length;
  return rows.map(({ edgeMs, count }) => {
    const edge = `${isAscii ? '<=' : '≤'} ${edgeText(edgeMs).padStart(width)} ms`;
    if (count === 0) return `${edge}`;
    const length = (Math.log1p(count) / Math.log1p(most)) * BAR_CHARS_MAX;
    const share = `${((count / total) * 100).toFixed(count / total >= 0.001 ? 1 : 4)} %`;
    const bar = barText(length, isAscii).padEnd(BAR_CHARS_MAX);
    return `${edge}  ${bar}  ${countText(count).padStart(countWidth)}  ${share.padStart(8)}`;
  });
}

/** A bar of so many characters. */
export function barText(length: number, isAscii: boolean): string {
  if (isAscii) return FULL_ASCII.repeat(Math.max(1, Math.round(length)));
  const eighths = Math.max(1, Math.round(length * 8));
  return FULL.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** From the first row with a latency to the last. */
function rowsMake(counts: Counts): readonly Row[] {
  let first = 0;
  while (first < BUCKET_COUNT && counts[first] === 0) first++;
  if (first === BUCKET_COUNT) return [];
  let last = BUCKET_COUNT - 1;
  while (counts[last] === 0) last--;
  const fromMs = bucketTicks(first) / TICKS_PER_MS;
  const toMs = (bucketTicks(last + 1) - 1) / TICKS_PER_MS;
  let edges: readonly number[] = [];
  for (const steps of EDGES) {
    edges = edgesMake(steps, fromMs, toMs);
    if (edges.length <= ROWS_MAX) break;
  }
  const rowCounts = new Array<number>(edges.length).fill(0);
  let row = 0;
  for (let bucket = first; bucket <= last; bucket++) {
    const highMs = (bucketTicks(bucket + 1) - 1) / TICKS_PER_MS;
    while (row < edges.length - 1 && highMs > edges[row]) row++;
    rowCounts[row] += counts[bucket];
  }
  return edges.map((edgeMs, at) => ({ edgeMs, count: rowCounts[at] }));
}

/** The edges from the first at or above `fromMs` to the first at or above `toMs`. */
function edgesMake(steps: readonly number[], fromMs: number, toMs: number): readonly number[] {
  const edges: number[] = [];
  for (let power = Math.floor(Math.log10(Math.max(fromMs, 1e-4))); ; power++) {
    for (const step of steps) {
      const edge = Number((step * 10 ** power).toPrecision(3));
      if (edge >= fromMs) edges.push(edge);
      if (edge >= toMs) return edges;
    }
  }
}

function edgeText(ms: number): string {
  return ms >= 1000 ? countText(ms) : `${Number(ms.toPrecision(3))}`;
}
