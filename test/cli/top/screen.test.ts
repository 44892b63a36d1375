/** What the terminal is sent: changes alone, in the colours it has. */
import { describe, expect, it } from 'vitest';
import { ageCell, bytesCell, countCell, shareCell, usCell } from '../../../src/cli/top/figures.ts';
import {
  glyphsOf,
  meter,
  sparkline,
  UNICODE_GLYPHS,
  valuesMerge,
} from '../../../src/cli/top/glyphs.ts';
import { type Line, lineText } from '../../../src/cli/top/line.ts';
import { lineEncode, PALETTES } from '../../../src/cli/top/palette.ts';
import { Screen } from '../../../src/cli/top/screen.ts';

const line = (text: string): Line => [[text, 'plain']];
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

describe('a screen', () => {
  it('is sent what has changed, between the marks of one frame', () => {
    const screen = new Screen(PALETTES[1]);
    expect(screen.draw([line('a'), line('b')])).toBe(`${BEGIN}\x1b[2J\x1b[1;1Ha\x1b[2;1Hb${END}`);
    expect(screen.draw([line('a'), line('b')])).toBe('');
    expect(screen.draw([line('a'), line('c')])).toBe(`${BEGIN}\x1b[2;1Hc${END}`);
    expect(screen.draw([line('a')])).toBe(`${BEGIN}\x1b[2J\x1b[1;1Ha${END}`);
    screen.forget();
    expect(screen.draw([line('a')])).toContain('\x1b[2J\x1b[1;1Ha');
  });

  it('is told of colours only as it has them', () => {
    const styled: Line = [
      ['ok', 'good'],
      [' x', 'plain'],
    ];
    expect(lineEncode(styled, PALETTES[1])).toBe('ok x');
    expect(lineEncode(styled, PALETTES[4])).toBe('\x1b[32mok\x1b[m x');
    expect(lineEncode(styled, PALETTES[8])).toBe('\x1b[38;5;35mok\x1b[m x');
    expect(lineEncode(styled, PALETTES[24])).toBe('\x1b[38;2;46;160;90mok\x1b[m x');
    const isColor = (sgr: string): boolean => /(?:^|;)(?:[349]\d|10\d)(?:;|$)/.test(sgr);
    expect(Object.values(PALETTES[1]).filter(isColor)).toEqual([]);
    expect(Object.values(PALETTES[4]).filter((sgr) => sgr.includes('8;'))).toEqual([]);
  });
});

describe('what is drawn with characters', () => {
  it('is by the locale', () => {
    expect(glyphsOf({ LANG: 'de_DE.UTF-8' }).isUnicode).toBe(true);
    expect(glyphsOf({ LANG: 'C.utf8' }).isUnicode).toBe(true);
    expect(glyphsOf({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }).isUnicode).toBe(false);
    expect(glyphsOf({ LC_ALL: '', LC_CTYPE: 'de_DE.UTF-8' }).isUnicode).toBe(true);
    expect(glyphsOf({}).isUnicode).toBe(false);
  });

  it.each([
    [null, 'a[      ?]'],
    [0, 'a[      ?]'],
    [0.5, 'a[■■■■  ?]'],
    [1, 'a[■■■■■ ?]'],
    [7, 'a[■■■■■ ?]'],
  ])('a meter of %s is %s', (share, expected) => {
    const spans = meter(UNICODE_GLYPHS, { label: 'a', share, text: '?', isGrave: true }, 10);
    expect(lineText(spans)).toBe(expected);
  });

  it('a sparkline tells nothing from little, and gaps from both', () => {
    expect(sparkline(UNICODE_GLYPHS, [null, 0, 1, 500, 1000], 1000)).toBe(' ▁▂▅█');
    expect(sparkline(UNICODE_GLYPHS, [0, 0], 0)).toBe('▁▁');
  });

  it('a strip of too many keeps the greatest', () => {
    expect(valuesMerge([1, 9, 2, 3, 4], 2)).toEqual([9, 4]);
    expect(valuesMerge([1, 2], 2)).toEqual([1, 2]);
  });

  it('figures have three digits that count', () => {
    const counts = [0, 4.25, 9.99, 42.4, 999.4, 999.5, 1234, 99_950, 999_499, 999_500, 2.5e9, null];
    expect(counts.map(countCell)).toEqual([
      '0',
      '4.3',
      '10.0',
      '42',
      '999',
      '1.00k',
      '1.23k',
      '100k',
      '999k',
      '1.00M',
      '2.50G',
      '-',
    ]);
    expect([0, 1000, 1023.6, 2048, 2 ** 30, 999.6 * 2 ** 20].map(bytesCell)).toEqual([
      '0',
      '1000',
      '1.00K',
      '2.00K',
      '1.00G',
      '0.98G',
    ]);
    const times = [0, 4.24, 9.96, 123, 999.6, 1234, 999_600, 3.2e6, null];
    expect(times.map((us) => usCell(UNICODE_GLYPHS, us))).toEqual([
      '0.0 µs',
      '4.2 µs',
      '10 µs',
      '123 µs',
      '1.00 ms',
      '1.23 ms',
      '1.00 s',
      '3.20 s',
      '-',
    ]);
    expect([0, 59, 60, 3599, 3600, 86_400, null].map(ageCell)).toEqual([
      '0s',
      '59s',
      '1m00s',
      '59m59s',
      '1h00m',
      '1d00h',
      '-',
    ]);
    expect([0.4821, Number.NaN, null].map(shareCell)).toEqual(['48.2%', '-', '-']);
  });
});
