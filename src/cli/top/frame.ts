/**
 * A model as lines of a screen:
 *
 *   title            flagstone 0.1.0 cache-a pid 12, up 3d04h            every 1 s  12:34:56
 *   meters           Mem [■■■■■     61.2M/100M]  Hits[■■■■■■■■■■■■■■■■  98.2%]
 *   figures          requests by protocol, times, evictions, bytes, …
 *   threads          data 0 [■■■■      48.2%]  data 1 [■■■■■     51.0%]
 *   sparklines       memcached ▁▂▃▅▆█
 *   tabs             1Commands 2Slabs …
 *   table            what there is room for; `scroll` rows are above
 *   keys             h Help  Tab View  …   or what is wrong, or the filter that is being typed
 *
 * Pure: the same model is the same lines.
 */
import { foreignText, type Glyphs } from './glyphs.ts';
import { figureLines, metersLine, sparkLines, threadLines, titleLine } from './header.ts';
import { helpLines } from './help.ts';
import { type Line, lineFit, lineJustify, lineWidth, type Span } from './line.ts';
import type { TopModel } from './model.ts';
import { VIEWS, viewOf } from './views.ts';

export const WIDTH_MIN = 60;
export const HEIGHT_MIN = 15;

export type Size = { readonly width: number; readonly height: number };

export type Frame = {
  /** Exactly as many as the screen has, each of exactly its width. */
  readonly lines: readonly Line[];
  /** How far the table can be scrolled. */
  readonly scrollMax: number;
  /** Rows of the table that are shown. */
  readonly page: number;
};

const KEYS: readonly (readonly [key: string, doc: string])[] = [
  ['h', 'Help'],
  ['Tab', 'View'],
  ['< >', 'Sort'],
  ['r', 'Reverse'],
  ['/', 'Filter'],
  ['q', 'Quit'],
  ['space', 'Pause'],
  ['+ -', 'Interval'],
];

const FILTER_KEYS: typeof KEYS = [
  ['Escape', 'All rows'],
  ...KEYS.filter(([key]) => key === '/' || key === 'q'),
];

export function frameMake(model: TopModel, glyphs: Glyphs, { width, height }: Size): Frame {
  const filled = (lines: readonly Line[]): readonly Line[] => {
    const blank = Array.from({ length: Math.max(0, height - lines.length) }, (): Line => []);
    return [...lines, ...blank].slice(0, height).map((line) => lineFit(line, width));
  };
  if (width < WIDTH_MIN || height < HEIGHT_MIN) {
    const text = `flagstone top needs ${WIDTH_MIN} columns and ${HEIGHT_MIN} lines.`;
    return { lines: filled([[[text, 'plain']]]), scrollMax: 0, page: 1 };
  }
  if (model.isHelpShown) return { lines: filled(helpLines(glyphs)), scrollMax: 0, page: 1 };
  const head = headLines(model, glyphs, width, height);
  const {
    above,
    head: columns,
    rows,
    total,
    note,
  } = viewOf(model.view).table(model, glyphs, width);
  const room = Math.max(1, height - head.length - above.length - 3);
  const scrollMax = Math.max(0, rows.length - room);
  const scroll = Math.min(model.scroll, scrollMax);
  const body: readonly Line[] =
    note === null ? rows.slice(scroll, scroll + room) : [[[note, 'dim']]];
  const counts = { scroll, shown: body.length, matching: rows.length, total };
  const lines = [...head, tabsLine(model, counts, width), ...above, columns, ...body];
  const upper = filled(lines).slice(0, height - 1);
  return {
    lines: [...upper, lineFit(footLine(model, counts, glyphs, width), width)],
    scrollMax,
    page: room,
  };
}

/** Everything that there is, whatever room it takes: for paper. */
export function frameWhole(model: TopModel, glyphs: Glyphs, width: number): readonly Line[] {
  const { above, head, rows, note } = viewOf(model.view).table(model, glyphs, width);
  const body: readonly Line[] = note === null ? rows : [[[note, 'dim']]];
  const blank: Line = [];
  return [...headLines(model, glyphs, width, 40), blank, ...above, head, ...body];
}

function headLines(
  model: TopModel,
  glyphs: Glyphs,
  width: number,
  height: number,
): readonly Line[] {
  const { state } = model.told;
  if (state === null) return [titleLine(model, width)];
  return [
    titleLine(model, width),
    metersLine(state, glyphs, width),
    ...figureLines(state, glyphs, width, height),
    ...threadLines(state.threads, glyphs, width, height),
    ...sparkLines(model, glyphs, width, height),
  ];
}

type Counts = {
  readonly scroll: number;
  readonly shown: number;
  readonly matching: number;
  /** Without the filter. */
  readonly total: number;
};

function tabsLine(model: TopModel, counts: Counts, width: number): Line {
  const gap = width >= 80 ? '  ' : ' ';
  const tabs = VIEWS.flatMap(({ name, title }, at): Line => {
    const text = `${at + 1}${title}`;
    return [
      [text, name === model.view ? 'chosen' : 'label'],
      [at < VIEWS.length - 1 ? gap : '', 'plain'],
    ];
  });
  const { scroll, shown, matching } = counts;
  const right = matching > shown ? ` ${scroll + 1}-${scroll + shown} of ${matching}` : '';
  const room = width - lineWidth(tabs);
  return room > right.length ? lineJustify(tabs, [[right, 'dim']], width) : tabs;
}

function footLine(model: TopModel, counts: Counts, glyphs: Glyphs, width: number): Line {
  const { isFilterOpen, filter, told } = model;
  if (isFilterOpen) {
    return [
      ['Filter: ', 'label'],
      [filter, 'bold'],
      ['_', 'plain'],
      ['   Enter keeps it, Escape ends it', 'dim'],
    ];
  }
  if (told.problem !== null) {
    return [[foreignText(glyphs, `${told.problem}; trying again`), 'bad']];
  }
  const { matching, total } = counts;
  const spans: Span[] =
    filter === ''
      ? []
      : [
          [`Filter: ${filter} `, 'label'],
          [`(${matching} of ${total})  `, 'plain'],
        ];
  let room = width - lineWidth(spans);
  for (const [key, doc] of filter === '' ? KEYS : FILTER_KEYS) {
    const piece: Line = [
      [key, 'bold'],
      [` ${doc}  `, 'dim'],
    ];
    room -= lineWidth(piece);
    if (room < 0) break;
    spans.push(...piece);
  }
  return spans;
}
