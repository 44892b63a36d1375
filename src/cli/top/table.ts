/**
 * A table of the lower half of the screen: which columns there is room for, sorted, filtered.
 *
 *   PROTO  COMMAND     CALLS/S▼   P50  …      columns that count less go first where the screen is narrow;
 *   resp   get           12.3k   4 µs        one column takes what room is left
 */
import { foreignText, type Glyphs } from './glyphs.ts';
import { type Line, lineFit, type Span, type Style } from './line.ts';
import type { Sort, TopModel, ViewName } from './model.ts';

export type Column<Row> = {
  readonly title: string;
  /** 0: takes the room that others leave, and stands on the left. */
  readonly width: number;
  /** Begins on the left, as that of width 0 does. */
  readonly isLeft?: boolean;
  /** Of those that do not fit, the highest goes first; 0 always stays. */
  readonly rank: number;
  readonly text: (row: Row, glyphs: Glyphs) => string;
  /** Numbers begin with the greatest, texts with the first. */
  readonly order: (row: Row) => number | string;
  readonly style?: (row: Row) => Style;
};

/** What one view shows. */
export type ViewRow<Row> = {
  readonly name: ViewName;
  readonly title: string;
  readonly doc: string;
  readonly columns: readonly Column<Row>[];
  readonly sort: string;
  /** Null: the server has not told yet. */
  readonly rows: (model: TopModel) => readonly Row[] | null;
  /** Lines between the tabs and the table. */
  readonly above?: (model: TopModel, glyphs: Glyphs, width: number) => readonly Line[];
  /** What is said where there are no rows. */
  readonly empty: (model: TopModel) => string;
};

export type Table = {
  readonly above: readonly Line[];
  readonly head: Line;
  readonly rows: readonly Line[];
  /** Before the filter. */
  readonly total: number;
  /** Instead of rows. */
  readonly note: string | null;
};

/** A view whose kind of row nobody else needs to know. */
export type View = {
  readonly name: ViewName;
  readonly title: string;
  readonly doc: string;
  readonly sort: Sort;
  readonly columns: readonly string[];
  readonly table: (model: TopModel, glyphs: Glyphs, width: number) => Table;
};

const WIDE_MIN = 12;
const GAP = 1;

export function viewMake<Row>(row: ViewRow<Row>): View {
  const sort: Sort = { column: row.sort, isReversed: false };
  return {
    name: row.name,
    title: row.title,
    doc: row.doc,
    sort,
    columns: row.columns.map(({ title }) => title),
    table: (model, glyphs, width) => tableMake(row, model, glyphs, width),
  };
}

function tableMake<Row>(view: ViewRow<Row>, model: TopModel, glyphs: Glyphs, width: number): Table {
  const sort = model.sorts[view.name] ?? { column: view.sort, isReversed: false };
  const columns = columnsFit(view.columns, sort.column, width);
  const all = view.rows(model);
  const wanted = model.filter.toLowerCase();
  const matches = (row: Row): boolean =>
    view.columns.some(({ text }) => text(row, glyphs).toLowerCase().includes(wanted));
  const shown = (all ?? []).filter((row) => wanted === '' || matches(row));
  const by = view.columns.find(({ title }) => title === sort.column);
  const sorted = by === undefined ? shown : rowsSort(shown, by, sort.isReversed);
  const note =
    shown.length > 0
      ? null
      : all === null
        ? 'Waiting for the server.'
        : all.length > 0
          ? `Nothing matches "${model.filter}".`
          : view.empty(model);
  return {
    above: view.above?.(model, glyphs, width) ?? [],
    head: headLine(columns, sort, glyphs, width),
    rows: sorted.map((row) => rowLine(columns, row, glyphs, width)),
    total: all?.length ?? 0,
    note,
  };
}

/** The columns there is room for, in their order; the one that is sorted by stays. */
function columnsFit<Row>(
  columns: readonly Column<Row>[],
  sorted: string,
  width: number,
): readonly Column<Row>[] {
  const rankOf = ({ title, rank }: Column<Row>): number => (title === sorted ? 0 : rank);
  const need = (some: readonly Column<Row>[]): number =>
    some.reduce((sum, column) => sum + (column.width || WIDE_MIN) + GAP, -GAP);
  let fitting = columns;
  while (need(fitting) > width) {
    const last = Math.max(...fitting.map(rankOf));
    if (last === 0) break;
    fitting = fitting.filter((column) => rankOf(column) < last);
  }
  return fitting;
}

/** Equal ones keep the order that the server told them in. */
function rowsSort<Row>(
  rows: readonly Row[],
  { order }: Column<Row>,
  isReversed: boolean,
): readonly Row[] {
  const sign = isReversed ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [order(a), order(b)];
    if (typeof x === 'number' && typeof y === 'number') return (y - x) * sign;
    return `${x}`.localeCompare(`${y}`, 'en') * sign;
  });
}

function wideWidth<Row>(columns: readonly Column<Row>[], width: number): number {
  const others = columns.reduce((sum, column) => sum + column.width + GAP, -GAP);
  return Math.max(1, width - others);
}

function headLine<Row>(
  columns: readonly Column<Row>[],
  sort: Sort,
  glyphs: Glyphs,
  width: number,
): Line {
  const wide = wideWidth(columns, width);
  const cells = columns.map(({ title, width: own, isLeft = own === 0 }) => {
    const isSorted = title === sort.column;
    const mark = isSorted ? (sort.isReversed ? glyphs.ascending : glyphs.descending) : '';
    const text = `${title}${mark}`;
    const room = own || wide;
    const span: Span = [
      isLeft ? text.padEnd(room).slice(0, room) : text.padStart(room).slice(-room),
      isSorted ? 'chosen' : 'head',
    ];
    return span;
  });
  // The band reaches over the whole screen.
  return lineFit([...joined(cells, 'head'), [' '.repeat(width), 'head']], width);
}

function rowLine<Row>(
  columns: readonly Column<Row>[],
  row: Row,
  glyphs: Glyphs,
  width: number,
): Line {
  const wide = wideWidth(columns, width);
  const cells = columns.map(({ width: own, text, style, isLeft = own === 0 }): Span => {
    const room = own || wide;
    const all = foreignText(glyphs, text(row, glyphs));
    const cut = all.length > room ? `${all.slice(0, room - 1)}${glyphs.ellipsis}` : all;
    return [isLeft ? cut.padEnd(room) : cut.padStart(room), style?.(row) ?? 'plain'];
  });
  return lineFit(joined(cells, 'plain'), width);
}

function joined(cells: readonly Span[], style: Style): Line {
  return cells.flatMap((cell, at): Line => (at === 0 ? [cell] : [[' '.repeat(GAP), style], cell]));
}
