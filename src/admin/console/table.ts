/**
 * Tables that are sorted by the buttons in their heads and filtered by a word. Rows are known by their keys,
 * so that a row that moves stays the same element; and while the pointer or the focus is among them they do
 * not move at all: nobody shall hit the row that has just taken another's place.
 */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { repeat } from 'lit-html/directives/repeat.js';
import { css } from './css.ts';
import { plural } from './format.ts';

export type Column<Row> = {
  readonly title: string;
  /** In rem; 0: takes what is left. */
  readonly width: number;
  /** What it is sorted by; numbers and nulls stand to the right. */
  readonly value: (row: Row) => number | string | null;
  readonly cell: (row: Row) => TemplateResult | string;
  readonly isNumber?: boolean;
  /** Longer than a head has room for. */
  readonly explained?: string;
};

export type TableSpec<Row> = {
  /** What it lists: `commands`. */
  readonly name: string;
  readonly one: string;
  readonly columns: readonly Column<Row>[];
  readonly key: (row: Row) => string | number;
  /** What a filter looks into; without it there is none. */
  readonly words?: (row: Row) => string;
  /** Title of the column that it is sorted by at first, largest first; absent: as it comes. */
  readonly sortedBy?: string;
  readonly emptyText: string;
};

type Key = string | number;

/** Of a column that takes what is left, in rem. */
const REST_WIDTH_MIN = 10;

export class Table<Row> {
  private readonly spec: TableSpec<Row>;
  private readonly redraw: () => void;
  private column: Column<Row> | null;
  private isDescending = true;
  private filter = '';
  private isHeld = false;
  private order: readonly Key[] = [];

  constructor(spec: TableSpec<Row>, redraw: () => void) {
    this.spec = spec;
    this.redraw = redraw;
    this.column = spec.columns.find(({ title }) => title === spec.sortedBy) ?? null;
  }

  /** `tools`: beside the filter. */
  template(rows: readonly Row[], tools: TemplateResult | typeof nothing = nothing): TemplateResult {
    const { spec } = this;
    const shown = this.sorted(this.filtered(rows));
    this.order = shown.map(spec.key);
    return html`
      <div class="table-place">
      ${this.toolsTemplate(rows.length, shown.length, tools)}
      <div class="table-scroll" tabindex="0" role="region" aria-label=${spec.name}>
        <table class="table" ${css({ 'min-width': `${widthMin(spec.columns)}rem` })}>
          <caption class="unseen">${spec.name}</caption>
          <colgroup>
            ${spec.columns.map(({ width }) => html`<col ${css({ width: width === 0 ? 'auto' : `${width}rem` })} />`)}
          </colgroup>
          <thead>
            <tr>${spec.columns.map((column) => this.headTemplate(column))}</tr>
          </thead>
          <tbody
            @pointerenter=${() => this.hold(true)}
            @pointerleave=${() => this.hold(false)}
            @focusin=${() => this.hold(true)}
            @focusout=${() => this.hold(false)}
          >
            ${repeat(shown, spec.key, (row) => this.rowTemplate(row))}
            ${shown.length > 0 ? nothing : this.emptyTemplate(rows.length)}
          </tbody>
        </table>
      </div>
      </div>
    `;
  }

  private toolsTemplate(
    total: number,
    shown: number,
    tools: TemplateResult | typeof nothing,
  ): TemplateResult | typeof nothing {
    const { spec, filter } = this;
    if (spec.words === undefined && tools === nothing) return nothing;
    const count = filter === '' ? plural(total, spec.one) : `${shown} of ${total}`;
    return html`
      <div class="tools">
        ${
          spec.words === undefined
            ? nothing
            : html`
              <input
                type="search"
                class="filter"
                aria-label=${`Filter ${spec.name}`}
                placeholder="Filter"
                spellcheck="false"
                .value=${live(filter)}
                @input=${(event: InputEvent) => this.filterSet(event)}
              />
              <span class="count">${count}</span>
            `
        }
        ${tools}
      </div>
    `;
  }

  private headTemplate(column: Column<Row>): TemplateResult {
    const isSorted = column === this.column;
    const sort = !isSorted ? 'none' : this.isDescending ? 'descending' : 'ascending';
    return html`
      <th
        scope="col"
        class=${column.isNumber ? 'number' : ''}
        aria-sort=${sort}
        title=${column.explained ?? nothing}
      >
        ${
          column.title === ''
            ? html`<span class="unseen">Actions</span>`
            : html`<button type="button" class="sort" @click=${() => this.sort(column)}>
              ${column.title}
            </button>`
        }
      </th>
    `;
  }

  private rowTemplate(row: Row): TemplateResult {
    const [first, ...rest] = this.spec.columns;
    return html`
      <tr>
        <th scope="row" class=${first.isNumber ? 'number' : ''}>${first.cell(row)}</th>
        ${rest.map(
          (column) => html`<td class=${column.isNumber ? 'number' : ''}>${column.cell(row)}</td>`,
        )}
      </tr>
    `;
  }

  private emptyTemplate(total: number): TemplateResult {
    const { emptyText, columns } = this.spec;
    const text = total === 0 ? emptyText : `Nothing here has “${this.filter}” in it.`;
    return html`<tr class="empty"><td colspan=${columns.length}>${text}</td></tr>`;
  }

  private filterSet(event: InputEvent): void {
    this.filter = (event.target as HTMLInputElement).value;
    this.redraw();
  }

  private hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  private sort(column: Column<Row>): void {
    // Numbers are asked for their largest first, words for A.
    this.isDescending = column === this.column ? !this.isDescending : column.isNumber === true;
    this.column = column;
    this.order = [];
    this.redraw();
  }

  private filtered(rows: readonly Row[]): readonly Row[] {
    const { words } = this.spec;
    const wanted = this.filter.trim().toLowerCase();
    if (words === undefined || wanted === '') return rows;
    return rows.filter((row) => words(row).toLowerCase().includes(wanted));
  }

  private sorted(rows: readonly Row[]): readonly Row[] {
    const { spec, column, isDescending } = this;
    if (this.isHeld && this.order.length > 0) {
      const places = new Map(this.order.map((key, place) => [key, place]));
      const place = (row: Row): number => places.get(spec.key(row)) ?? places.size;
      return [...rows].sort((a, b) => place(a) - place(b));
    }
    if (column === null) return rows;
    const sign = isDescending ? -1 : 1;
    return [...rows].sort((a, b) => sign * compare(column.value(a), column.value(b)));
  }
}

/** Narrower than that it scrolls. */
function widthMin<Row>(columns: readonly Column<Row>[]): number {
  return columns.reduce((sum, { width }) => sum + (width === 0 ? REST_WIDTH_MIN : width), 0);
}

/** What there is nothing of is less than everything. */
function compare(a: number | string | null, b: number | string | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'string') return a.localeCompare(`${b}`, 'en', { numeric: true });
  return a - Number(b);
}
