/** What is drawn with characters: meters, sparklines, strips; with those of Unicode where the terminal has them. */
import type { Heat, Line, Span, Style } from './line.ts';

export type Glyphs = {
  readonly isUnicode: boolean;
  /** A step of a meter that is filled. */
  readonly bar: string;
  /** From nothing to full. */
  readonly levels: string;
  readonly descending: string;
  readonly ascending: string;
  readonly micro: string;
  readonly ellipsis: string;
};

export const UNICODE_GLYPHS: Glyphs = {
  isUnicode: true,
  bar: '■',
  levels: '▁▂▃▄▅▆▇█',
  descending: '▼',
  ascending: '▲',
  micro: 'µ',
  ellipsis: '…',
};

export const ASCII_GLYPHS: Glyphs = {
  isUnicode: false,
  bar: '|',
  levels: '_.:-=+*#',
  descending: 'v',
  ascending: '^',
  micro: 'u',
  ellipsis: '~',
};

/** By the locale, as programs in C find it. */
export function glyphsOf(env: Readonly<Record<string, string | undefined>>): Glyphs {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((name) => name) ?? '';
  return /utf-?8/i.test(locale) ? UNICODE_GLYPHS : ASCII_GLYPHS;
}

const HEATS: readonly Heat[] = ['heat0', 'heat1', 'heat2', 'heat3', 'heat4'];

/** `share` from 0 to 1, or beyond. */
export function heatOf(share: number): Heat {
  const step = Math.floor(share * HEATS.length);
  return HEATS[Math.max(0, Math.min(HEATS.length - 1, step))];
}

const METER_WARN = 0.6;
const METER_BAD = 0.85;

/**
 * A meter as htop has them, whose text lies over its end: `Mem[■■■■■■■      61.2M/100M]`.
 *   share      null: it is not known
 *   isGrave    a full one is trouble: it turns yellow, then red
 */
export function meter(
  { bar }: Glyphs,
  { label, share, text, isGrave }: Meter,
  width: number,
): Line {
  const inner = Math.max(1, width - label.length - 2);
  const filled = Math.round(Math.max(0, Math.min(1, share ?? 0)) * inner);
  const shown = ` ${text}`.slice(-inner);
  const from = inner - shown.length;
  const spans: Span[] = [
    [label, 'label'],
    ['[', 'bold'],
  ];
  const piece = (begin: number, end: number, style: Style): void => {
    const stop = Math.min(end, from, filled);
    if (stop > begin) spans.push([bar.repeat(stop - begin), style]);
  };
  const warn = isGrave ? Math.round(inner * METER_WARN) : inner;
  const bad = isGrave ? Math.round(inner * METER_BAD) : inner;
  piece(0, warn, 'good');
  piece(warn, bad, 'warn');
  piece(bad, inner, 'bad');
  if (filled < from) spans.push([' '.repeat(from - filled), 'plain']);
  const isUnder = share !== null && filled > from;
  spans.push([shown, isUnder ? 'bold' : 'plain'], [']', 'bold']);
  return spans;
}

export type Meter = {
  readonly label: string;
  readonly share: number | null;
  readonly text: string;
  readonly isGrave: boolean;
};

/** One character a value, as a share of the greatest; null is a gap. */
export function sparkline(
  { levels }: Glyphs,
  values: readonly (number | null)[],
  max: number,
): string {
  return values
    .map((value) => (value === null ? ' ' : levels[levelOf(levels, value, max)]))
    .join('');
}

function levelOf(levels: string, value: number, max: number): number {
  if (value <= 0 || max <= 0) return 0;
  const top = levels.length - 1;
  return Math.max(1, Math.min(top, Math.ceil((value / max) * top)));
}

/** A cell a value, high and hot by its share of the greatest. */
export function heatStrip({ levels }: Glyphs, values: readonly number[], cellWidth = 1): Line {
  const max = Math.max(0, ...values);
  return values.map((value): Span => {
    const share = max > 0 ? value / max : 0;
    const cell = levels[levelOf(levels, value, max)].repeat(cellWidth);
    return [cell, value > 0 ? heatOf(share) : 'dim'];
  });
}

/** So many values that they fit: each the greatest of a few neighbours. */
export function valuesMerge(values: readonly number[], countMax: number): readonly number[] {
  const step = Math.ceil(values.length / countMax);
  if (step <= 1) return values;
  return Array.from({ length: Math.ceil(values.length / step) }, (_, at) =>
    Math.max(...values.slice(at * step, (at + 1) * step)),
  );
}

/** Letters of these take one column each, wherever they are shown. */
const NARROW = /[ -~\u00a1-\u00ac\u00ae-\u024f\u0391-\u03c9\u0400-\u045f]/;

/** Text that others have written, such as names of keys, so that it can neither steer the terminal nor shift its columns. */
export function foreignText({ isUnicode }: Glyphs, text: string): string {
  const isFine = (letter: string): boolean =>
    isUnicode ? NARROW.test(letter) : letter >= ' ' && letter <= '~';
  return Array.from(text, (letter) => (isFine(letter) ? letter : '?')).join('');
}
