/** Markdown tables, padded so that they also read well in a terminal. */

/**
 * Formats a table, its last line ended.
 *   headers   one per column; the first column is aligned left, the others right
 *   rows      one cell per header, as text
 */
export function tableFormat(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [headers, ...rows];
  const widths = headers.map((_, column) =>
    Math.max(3, ...lines.map((cells) => (cells[column] ?? '').length)),
  );
  const lineFormat = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |\n`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [lineFormat(headers), `| ${rule.join(' | ')} |\n`, ...rows.map(lineFormat)].join('');
}

/** A number with `digits` decimals, `n/a` when there is none, thousands apart when there are no decimals. */
export function numberFormat(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return 'n/a';
  return digits === 0 ? Math.round(value).toLocaleString('en-US') : value.toFixed(digits);
}
