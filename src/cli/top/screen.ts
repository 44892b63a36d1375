/**
 * What the terminal shows, remembered, so that only lines that changed are sent; all of a frame's between
 * two marks, so that a terminal that knows them (mode 2026) shows it at once.
 *
 * Source: ECMA-48; XTerm Control Sequences; "Synchronized Output", gist christianparpart/d8a62cc1ab659194337d73e399004036.
 */
import type { Line } from './line.ts';
import { lineEncode, type Palette } from './palette.ts';

const SYNC_BEGIN = '\x1b[?2026h';
const SYNC_END = '\x1b[?2026l';
/** Another screen; no cursor; no wrapping, so that the last column is one like all others. */
export const SCREEN_ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J';
export const SCREEN_LEAVE = `${SYNC_END}\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l`;

export class Screen {
  private readonly palette: Palette;
  private shown: readonly string[] = [];

  constructor(palette: Palette) {
    this.palette = palette;
  }

  /** What to send so that these lines are seen; '' where nothing has changed. */
  draw(lines: readonly Line[]): string {
    const next = lines.map((line) => lineEncode(line, this.palette));
    const isAnew = next.length !== this.shown.length;
    const changes = next.map((line, at) =>
      !isAnew && line === this.shown[at] ? '' : `\x1b[${at + 1};1H${line}`,
    );
    this.shown = next;
    const text = changes.join('');
    return text === '' ? '' : `${SYNC_BEGIN}${isAnew ? '\x1b[2J' : ''}${text}${SYNC_END}`;
  }

  /** Whatever is there may be anything: the next draw is of all. */
  forget(): void {
    this.shown = [];
  }
}
