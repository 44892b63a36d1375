/** A line without axes, beside the number that it is the past of. */
import { html, type nothing, type TemplateResult } from 'lit-html';
import type { ConsoleSeries } from '../console-state.ts';

const WIDTH = 120;
const HEIGHT = 28;
/** Room above the highest, so that the line's upper half is not cut off. */
const HEADROOM = 1.1;

export type Point = (series: ConsoleSeries) => number | null;

export function sparklineTemplate(
  rows: readonly ConsoleSeries[],
  spanSec: number,
  point: Point,
): TemplateResult | typeof nothing {
  const endMs = rows.at(-1)?.atMs ?? 0;
  const found: { readonly x: number; readonly value: number }[] = [];
  let high = 0;
  for (const row of rows) {
    const value = point(row);
    if (value === null) continue;
    found.push({ x: WIDTH * (1 - (endMs - row.atMs) / (spanSec * 1000)), value });
    if (value > high) high = value;
  }
  const scale = high === 0 ? 0 : HEIGHT / (high * HEADROOM);
  const corners = found.map(
    ({ x, value }) => `${x.toFixed(1)} ${(HEIGHT - value * scale).toFixed(1)}`,
  );
  const line = corners.length < 2 ? '' : `M${corners.join('L')}`;
  const area = line === '' ? '' : `${line}V${HEIGHT}H${(found[0] as { x: number }).x.toFixed(1)}Z`;
  return html`
    <svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      <path class="spark-area" d=${area}></path>
      <path class="spark-line" d=${line}></path>
    </svg>
  `;
}
