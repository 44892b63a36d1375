/**
 * Frames of `flagstone top`, as text: the files in frames/ are what one sees. After a change that is meant to
 * show, `npm run vitest -- test/cli/top/frame.test.ts -u` writes them anew, to be read before they are kept.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { frameMake, frameWhole, HEIGHT_MIN, WIDTH_MIN } from '../../../src/cli/top/frame.ts';
import { ASCII_GLYPHS, UNICODE_GLYPHS } from '../../../src/cli/top/glyphs.ts';
import { helpLines } from '../../../src/cli/top/help.ts';
import { lineText } from '../../../src/cli/top/line.ts';
import type { TopModel } from '../../../src/cli/top/model.ts';
import { modelTold, NOW_MS, seriesMake, stateMake, TOLD } from './told.ts';

beforeAll(() => {
  vi.stubEnv('TZ', 'UTC');
});
afterAll(() => {
  vi.unstubAllEnvs();
});

type Shot = readonly [name: string, width: number, height: number, change: Partial<TopModel>];

const MANY = Array.from({ length: 40 }, (_, at) => ({
  ...stateMake().threads[0],
  name: `data ${at}`,
  utilization: at % 8 === 7 ? null : (at % 8) / 7,
}));
const COMMANDS_MANY = Array.from({ length: 30 }, (_, at) => ({
  ...stateMake().commands[0],
  name: `command-${at}`,
  callsPerSec: 1000 - at,
}));

// biome-ignore format: a table reads in columns
const SHOTS: readonly Shot[] = [
  ['commands',           100, 24, {}],
  ['smallest',            60, 15, {}],
  ['wide',               160, 30, {}],
  ['slabs',              100, 24, { view: 'slabs' }],
  ['partitions',         100, 24, { view: 'partitions' }],
  ['clients',            120, 24, { view: 'clients' }],
  ['clients-narrow',      60, 20, { view: 'clients' }],
  ['slow-log',           100, 24, { view: 'slowlog' }],
  ['hot-keys',           100, 24, { view: 'hotkeys' }],
  ['help',                60, 15, { isHelpShown: true }],
  ['sorted-reversed',     80, 24, { sorts: { commands: { column: 'COMMAND', isReversed: true } } }],
  ['filtered',            80, 24, { filter: 'GET' }],
  ['filter-typed',        80, 24, { filter: 'nope', isFilterOpen: true }],
  ['scrolled',            80, 24, { scroll: 5, told: { ...TOLD, state: stateMake({ commands: COMMANDS_MANY }) } }],
  ['paused',              80, 24, { isPaused: true, intervalSec: 5 }],
  ['server-gone',         80, 24, { nowMs: NOW_MS + 65_000, told: { ...TOLD, problem: 'cannot ask the admin port cache-a:11280: connect ECONNREFUSED' } }],
  ['many-threads',       100, 24, { told: { ...TOLD, state: stateMake({ threads: MANY }) } }],
  ['some-threads',       120, 24, { told: { ...TOLD, state: stateMake({ threads: MANY.slice(0, 10) }) } }],
  ['nothing-yet',         80, 24, { view: 'clients', told: { ...TOLD, connections: null, past: [seriesMake(0, { p50Us: null, hitsPerSec: 0, missesPerSec: 0 })] } }],
  ['too-small',           59, 15, {}],
];

function text(lines: Parameters<typeof lineText>[0][]): string {
  return `${lines.map((line) => lineText(line).trimEnd()).join('\n')}\n`;
}

describe('a frame', () => {
  it.each(SHOTS)('%s, %i x %i, is as it was read', async (name, width, height, change) => {
    const { lines } = frameMake(modelTold(change), UNICODE_GLYPHS, { width, height });
    await expect(text([...lines])).toMatchFileSnapshot(
      join(import.meta.dirname, 'frames', `${name}.txt`),
    );
  });

  it('does without Unicode', async () => {
    const size = { width: 80, height: 24 };
    const { lines } = frameMake(modelTold({ view: 'partitions' }), ASCII_GLYPHS, size);
    const slow = frameMake(modelTold({ view: 'slowlog' }), ASCII_GLYPHS, size);
    const all = text([...lines, ...slow.lines]);
    expect(all).toMatch(/^[ -~\n]*$/);
    await expect(text([...lines])).toMatchFileSnapshot(
      join(import.meta.dirname, 'frames', 'ascii.txt'),
    );
  });

  it('of a batch has every row, and no keys', async () => {
    const model = modelTold({ told: { ...TOLD, state: stateMake({ commands: COMMANDS_MANY }) } });
    const lines = frameWhole(model, UNICODE_GLYPHS, 100);
    expect(lines.filter((line) => lineText(line).includes('command-'))).toHaveLength(30);
    expect(text([...lines])).not.toContain('Help');
  });

  it.each([
    [60, 15],
    [61, 15],
    [79, 16],
    [80, 24],
    [133, 43],
    [250, 70],
  ])('fills %i x %i exactly, whatever is shown', (width, height) => {
    const glyphs = [UNICODE_GLYPHS, ASCII_GLYPHS];
    for (const [name, , , change] of SHOTS) {
      for (const which of glyphs) {
        const { lines } = frameMake(modelTold(change), which, { width, height });
        expect(lines.length, name).toBe(height);
        for (const line of lines) expect(lineText(line).length, name).toBe(width);
      }
    }
  });

  it('has help that fits the smallest screen', () => {
    const lines = helpLines(UNICODE_GLYPHS);
    expect(lines.length).toBeLessThanOrEqual(HEIGHT_MIN);
    for (const line of lines)
      expect(lineText(line).length, lineText(line)).toBeLessThanOrEqual(WIDTH_MIN);
  });

  it('lets nothing of what others have written reach the terminal as it is', () => {
    for (const view of ['clients', 'slowlog'] as const) {
      const { lines } = frameMake(modelTold({ view }), UNICODE_GLYPHS, { width: 160, height: 40 });
      const all = lines.map(lineText).join('');
      expect(all).not.toContain('\x1b');
      expect(all).not.toContain('字');
    }
  });

  it('has room for some rows of the table on the smallest screen', () => {
    for (const view of [
      'commands',
      'slabs',
      'partitions',
      'clients',
      'slowlog',
      'hotkeys',
    ] as const) {
      const { page } = frameMake(modelTold({ view }), UNICODE_GLYPHS, { width: 60, height: 15 });
      expect(page, view).toBeGreaterThanOrEqual(3);
    }
  });
});
