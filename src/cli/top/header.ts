/** The upper half of the screen: how the server is as a whole. */
import type { ConsoleSeries, ConsoleState, ConsoleThread } from '../../admin/console-state.ts';
import { ageCell, bytesCell, clockCell, countCell, shareCell, usCell } from './figures.ts';
import { type Glyphs, heatStrip, meter, sparkline, valuesMerge } from './glyphs.ts';
import { type Line, lineFit, lineJustify, linesBeside, type Span, type Style } from './line.ts';
import { PAST_SEC, type TopModel } from './model.ts';

const FIGURE_WIDTH = 20;
/** Of the connections there may be. */
const CROWDED = 0.8;
const FIGURE_LABEL = 11;
/** Fewer lines than this, and figures keep to two lines and the sparklines to one. */
export const LOW_SCREEN = 20;
const PID_WIDTH_MIN = 80;
const THREAD_WIDTH_MIN = 18;
const SPARK_LABEL = 10;
/** An answer later than so many intervals is said to be missing. */
const LATE_INTERVALS = 3;

/** Which server, since when, and how this look at it stands. */
export function titleLine(model: TopModel, width: number): Line {
  const { state } = model.told;
  const left: Span[] = [[`flagstone ${state?.server.version ?? ''} `, 'title']];
  if (state !== null) {
    const { host, pid, uptimeSec } = state.server;
    const process = width < PID_WIDTH_MIN ? '' : ` pid ${pid},`;
    left.push([host, 'bold'], [`${process} up ${ageCell(uptimeSec)}`, 'plain']);
  }
  return lineJustify(left, condition(model), width);
}

function condition(model: TopModel): Line {
  const { told, nowMs, isPaused, intervalSec } = model;
  const every: Span = [` every ${intervalSec} s `, 'dim'];
  const at: Span = [` ${clockCell(nowMs)}`, 'plain'];
  if (isPaused) return [[' PAUSED ', 'alarm'], at];
  const lateSec = (nowMs - told.answeredAtMs) / 1000;
  if (told.problem !== null || lateSec > intervalSec * LATE_INTERVALS + 1) {
    return [[` NO ANSWER for ${ageCell(lateSec)} `, 'alarm'], at];
  }
  return [every, at];
}

/** Meters of memory and of hits. */
export function metersLine({ server, series }: ConsoleState, glyphs: Glyphs, width: number): Line {
  const used = series.memoryUsedBytes;
  const limit = server.memoryLimitBytes;
  const lookups = series.hitsPerSec + series.missesPerSec;
  const hits = lookups > 0 ? series.hitsPerSec / lookups : null;
  const half = Math.floor((width - 2) / 2);
  const memory = meter(
    glyphs,
    {
      label: 'Mem  ',
      share: limit > 0 ? used / limit : null,
      text: `${bytesCell(used)}/${bytesCell(limit)}`,
      isGrave: !server.evicts,
    },
    half,
  );
  const text = hits === null ? 'no lookups' : shareCell(hits);
  const hit = meter(glyphs, { label: 'Hits ', share: hits, text, isGrave: false }, half);
  return linesBeside([memory, hit], 2, width);
}

type Figure = readonly [label: string, text: string, style?: Style];

/** Figures in columns, those that count first: what there is no room for is left out. */
export function figureLines(
  { series, server }: ConsoleState,
  glyphs: Glyphs,
  width: number,
  height: number,
): readonly Line[] {
  const us = (value: number | null): string => usCell(glyphs, value);
  const isCrowded = series.connections > server.connectionLimit * CROWDED;
  const figures: readonly Figure[] = [
    ['memcached/s', countCell(series.memcachedPerSec), 'memcached'],
    ['resp/s', countCell(series.respPerSec), 'resp'],
    ['p50', us(series.p50Us)],
    ['p99', us(series.p99Us)],
    ['p99.9', us(series.p999Us)],
    ['clients', countCell(series.connections), isCrowded ? 'warn' : 'bold'],
    ['evictions/s', countCell(series.evictionsPerSec), worry(series.evictionsPerSec)],
    ['in/s', bytesCell(series.bytesReadPerSec)],
    ['out/s', bytesCell(series.bytesWrittenPerSec)],
    ['items', countCell(series.items)],
    ['expired/s', countCell(series.expirationsPerSec)],
    ['errors/s', countCell(series.errorsPerSec), worry(series.errorsPerSec)],
    ['cores', series.cores.toFixed(2)],
    ['restarts', countCell(server.threadRestarts), worry(server.threadRestarts)],
    ['bad logins', countCell(server.authFailures), worry(server.authFailures)],
  ];
  const columns = Math.max(1, Math.floor(width / FIGURE_WIDTH));
  const needed = Math.ceil(9 / columns);
  const rows = height < LOW_SCREEN ? needed : Math.max(needed, 3);
  const each = Math.floor(width / columns);
  const lines: Line[] = [];
  for (let at = 0; at < figures.length && lines.length < rows; at += columns) {
    lines.push(figures.slice(at, at + columns).flatMap((figure) => figureCell(figure, each)));
  }
  return lines;
}

function figureCell([label, text, style = 'bold']: Figure, width: number): Line {
  const cell: Line = [
    [label.padEnd(FIGURE_LABEL), 'label'],
    [' ', 'plain'],
    [text, style],
  ];
  return lineFit(cell, width);
}

function worry(value: number): Style {
  return value > 0 ? 'warn' : 'bold';
}

/** A meter for each data thread: in as many columns as keep them to a few lines; of very many, a strip. */
export function threadLines(
  threads: readonly ConsoleThread[],
  glyphs: Glyphs,
  width: number,
  height: number,
): readonly Line[] {
  const rowsMax = Math.max(1, Math.floor(height / 6));
  const columnsMax = Math.max(1, Math.floor((width + 1) / (THREAD_WIDTH_MIN + 1)));
  const columns = Math.max(Math.min(2, threads.length), Math.ceil(threads.length / rowsMax));
  if (columns > columnsMax) return [threadStrip(threads, glyphs, width)];
  const each = Math.floor((width - 2 * (columns - 1)) / columns);
  const labelWidth = Math.max(...threads.map(({ name }) => name.length)) + 1;
  const cells = threads.map((thread) => threadMeter(thread, glyphs, labelWidth, each));
  return Array.from({ length: Math.ceil(cells.length / columns) }, (_, row) => {
    const some = cells.slice(row * columns, (row + 1) * columns);
    const blank: Line = [];
    return linesBeside([...some, ...Array(columns - some.length).fill(blank)], 2, width);
  });
}

function threadMeter(
  { name, utilization, commandsPerSec, latePerSec }: ConsoleThread,
  glyphs: Glyphs,
  labelWidth: number,
  width: number,
): Line {
  const late = latePerSec >= 1 ? ' late' : '';
  const rate = width >= 34 ? `${countCell(commandsPerSec)}/s ` : '';
  const text = utilization === null ? 'starting' : `${rate}${shareCell(utilization)}${late}`;
  const label = name.padEnd(labelWidth);
  return meter(glyphs, { label, share: utilization, text, isGrave: true }, width);
}

function threadStrip(threads: readonly ConsoleThread[], glyphs: Glyphs, width: number): Line {
  const shares = threads.map(({ utilization }) => utilization ?? 0);
  const max = ` max ${shareCell(Math.max(...shares))}`;
  const label = `${threads.length} threads`.padEnd(SPARK_LABEL + 2);
  const room = Math.max(1, width - label.length - max.length);
  return [[label, 'label'], ...heatStrip(glyphs, valuesMerge(shares, room)), [max, 'dim']];
}

/** Throughput over the last minute: a line for each protocol, or one for both. */
export function sparkLines(
  { told: { past } }: TopModel,
  glyphs: Glyphs,
  width: number,
  height: number,
): readonly Line[] {
  const memcached = ({ memcachedPerSec }: ConsoleSeries): number => memcachedPerSec;
  const resp = ({ respPerSec }: ConsoleSeries): number => respPerSec;
  const both = (series: ConsoleSeries): number => memcached(series) + resp(series);
  if (height < LOW_SCREEN) return [sparkLine('requests', both, 'good', past, glyphs, width)];
  return [
    sparkLine('memcached', memcached, 'memcached', past, glyphs, width),
    sparkLine('resp', resp, 'resp', past, glyphs, width),
  ];
}

function sparkLine(
  label: string,
  value: (series: ConsoleSeries) => number,
  style: Style,
  past: readonly ConsoleSeries[],
  glyphs: Glyphs,
  width: number,
): Line {
  const room = Math.max(1, Math.min(PAST_SEC, width - SPARK_LABEL - 27));
  const values = secondsOf(past, room).map((series) => (series === null ? null : value(series)));
  const max = Math.max(0, ...values.filter((one) => one !== null));
  const now = values.at(-1) ?? null;
  return [
    [label.padEnd(SPARK_LABEL), 'label'],
    [sparkline(glyphs, values, max), style],
    [` ${countCell(now)}/s`.padEnd(10), 'bold'],
    [`max ${countCell(max)} in ${room} s`, 'dim'],
  ];
}

/**
 * One look for each of the last seconds, so that what was drawn moves on by whole columns; between two looks
 * the earlier one stands, but not for longer than looks are apart.
 */
function secondsOf(
  past: readonly ConsoleSeries[],
  count: number,
): readonly (ConsoleSeries | null)[] {
  const second = ({ atMs }: ConsoleSeries): number => Math.round(atMs / 1000);
  const last = past.at(-1);
  if (last === undefined) return Array(count).fill(null);
  const end = second(last);
  return Array.from({ length: count }, (_, at) => {
    const wanted = end - count + 1 + at;
    const before = past.findLast((series) => second(series) <= wanted);
    if (before === undefined) return null;
    const after = past.find((series) => second(series) > wanted) ?? before;
    return wanted - second(before) < Math.max(1, second(after) - second(before)) ? before : null;
  });
}
