/** The page that `h` shows. */
import type { Glyphs } from './glyphs.ts';
import type { Line } from './line.ts';
import { VIEWS } from './views.ts';

const KEYS: readonly (readonly [keys: string, doc: string])[] = [
  ['Tab Shift-Tab', 'the next table, the one before'],
  ['< > F6 r', 'sort by the column before, after; reverse'],
  ['/ F4', 'only rows with a text in them; Escape: all'],
  ['arrows, page keys', 'scroll'],
  ['space + -', 'pause; look less often, more often'],
  ['s', 'sample hot keys, for five seconds'],
  ['Ctrl-L Ctrl-Z', 'draw anew; suspend'],
  ['q F10 Ctrl-C', 'quit'],
];

/** No line is longer than the narrowest screen. */
export function helpLines({ isUnicode }: Glyphs): readonly Line[] {
  const dash = isUnicode ? '–' : '-';
  const rows = [
    ...VIEWS.map(({ title, doc }, at): readonly [string, string] => [`${at + 1} ${title}`, doc]),
    ...KEYS,
  ];
  return [
    [[`flagstone top ${dash} any key goes back`, 'title']],
    ...rows.map(
      ([keys, doc]): Line => [
        [keys.padEnd(18), 'bold'],
        [doc, 'plain'],
      ],
    ),
  ];
}
