/** A line of the screen before it is coloured: pieces of text, each with the role that it plays. */

export type Style =
  | 'plain'
  | 'dim'
  | 'bold'
  | 'label'
  | 'title'
  | 'good'
  | 'warn'
  | 'bad'
  | 'memcached'
  | 'resp'
  | 'head'
  | 'chosen'
  | 'alarm'
  | Heat;

/** From cold to hot. */
export type Heat = 'heat0' | 'heat1' | 'heat2' | 'heat3' | 'heat4';

export type Span = readonly [text: string, style: Style];
export type Line = readonly Span[];

/** The text alone. */
export function lineText(line: Line): string {
  return line.map(([text]) => text).join('');
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, [text]) => sum + text.length, 0);
}

/** The line cut, or filled with spaces, to exactly so many columns. */
export function lineFit(line: Line, width: number): Line {
  const fitted: Span[] = [];
  let room = width;
  for (const [text, style] of line) {
    if (room === 0) break;
    const piece = text.slice(0, room);
    fitted.push([piece, style]);
    room -= piece.length;
  }
  if (room > 0) fitted.push([' '.repeat(room), 'plain']);
  return fitted;
}

/** Two lines as one: the right one ends where the screen does, and goes before the left one where both are long. */
export function lineJustify(left: Line, right: Line, width: number): Line {
  const end = lineFit(right, Math.min(width, lineWidth(right)));
  return [...lineFit(left, width - lineWidth(end)), ...end];
}

/** `texts` side by side, each in a column of its own. */
export function linesBeside(lines: readonly Line[], gap: number, width: number): Line {
  const each = Math.floor((width - gap * (lines.length - 1)) / lines.length);
  return lines.flatMap((line, at): Line => {
    const fitted = lineFit(line, each);
    return at === 0 ? fitted : [[' '.repeat(gap), 'plain'], ...fitted];
  });
}
