/** Styles as the terminal is told of them: SGR parameters, by how many colours it has. */
import type { Line, Style } from './line.ts';

/** In bits, as Node's getColorDepth says it; 1: none. */
export type ColorDepth = 1 | 4 | 8 | 24;

export type Palette = Readonly<Record<Style, string>>;

/** Weight and inversion are no colours: they stay where NO_COLOR is set. */
const PLAIN: Palette = {
  plain: '',
  dim: '2',
  bold: '1',
  label: '',
  title: '1',
  good: '',
  warn: '1',
  bad: '1',
  memcached: '',
  resp: '',
  head: '7',
  chosen: '1;7',
  alarm: '1;7',
  heat0: '',
  heat1: '',
  heat2: '',
  heat3: '',
  heat4: '1',
};

const SIXTEEN: Palette = {
  ...PLAIN,
  dim: '90',
  label: '36',
  title: '1;36',
  good: '32',
  warn: '33',
  bad: '1;31',
  memcached: '32',
  resp: '35',
  head: '30;42',
  chosen: '30;46',
  alarm: '1;37;41',
  heat0: '34',
  heat1: '36',
  heat2: '32',
  heat3: '33',
  heat4: '1;31',
};

/** Of middle brightness, to be read on black and on white. */
const MANY: Palette = {
  ...SIXTEEN,
  dim: '38;5;244',
  label: '38;5;31',
  title: '1;38;5;31',
  good: '38;5;35',
  warn: '38;5;172',
  bad: '1;38;5;160',
  memcached: '38;5;35',
  resp: '38;5;133',
  head: '38;5;16;48;5;35',
  chosen: '38;5;16;48;5;74',
  alarm: '1;38;5;231;48;5;160',
  heat0: '38;5;67',
  heat1: '38;5;37',
  heat2: '38;5;106',
  heat3: '38;5;172',
  heat4: '38;5;160',
};

const TRUE: Palette = {
  ...MANY,
  label: '38;2;38;128;170',
  title: '1;38;2;38;128;170',
  good: '38;2;46;160;90',
  warn: '38;2;200;130;20',
  bad: '1;38;2;214;60;60',
  memcached: '38;2;46;160;90',
  resp: '38;2;160;90;190',
  head: '38;2;10;20;15;48;2;70;175;115',
  chosen: '38;2;10;20;30;48;2;95;170;215',
  heat0: '38;2;85;130;180',
  heat1: '38;2;40;160;160',
  heat2: '38;2;120;160;50',
  heat3: '38;2;210;135;30',
  heat4: '38;2;214;60;60',
};

export const PALETTES: Readonly<Record<ColorDepth, Palette>> = {
  1: PLAIN,
  4: SIXTEEN,
  8: MANY,
  24: TRUE,
};

/** A line as the terminal is sent it. Ends as it began: without any style. */
export function lineEncode(line: Line, palette: Palette): string {
  let text = '';
  for (const [piece, style] of line) {
    const sgr = palette[style];
    text += sgr === '' ? piece : `\x1b[${sgr}m${piece}\x1b[m`;
  }
  return text;
}
