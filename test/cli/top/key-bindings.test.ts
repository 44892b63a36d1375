/** Keys of `flagstone top`: as terminals send them, and what they do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyPress } from '../../../src/cli/top/key-bindings.ts';
import { KeyDecoder } from '../../../src/cli/top/key-decoder.ts';
import type { TopModel } from '../../../src/cli/top/model.ts';
import { modelTold } from './told.ts';

// biome-ignore format: a table reads in columns
const SENT: readonly (readonly [sent: string, key: string])[] = [
  ['a', 'a'], ['/', '/'], [' ', ' '], ['é', 'é'], ['😀', '😀'],
  ['\r', 'Enter'], ['\n', 'Enter'], ['\t', 'Tab'], ['\x7f', 'Backspace'], ['\b', 'Backspace'],
  ['\x03', 'Ctrl-C'], ['\x0c', 'Ctrl-L'], ['\x1a', 'Ctrl-Z'],
  ['\x1b[A', 'Up'], ['\x1bOA', 'Up'], ['\x1b[B', 'Down'], ['\x1b[1;5C', 'Right'], ['\x1bOD', 'Left'],
  ['\x1b[H', 'Home'], ['\x1b[1~', 'Home'], ['\x1b[7~', 'Home'], ['\x1bOF', 'End'], ['\x1b[4~', 'End'],
  ['\x1b[5~', 'PageUp'], ['\x1b[6~', 'PageDown'], ['\x1b[6;2~', 'PageDown'], ['\x1b[Z', 'Shift-Tab'],
  ['\x1bOP', 'F1'], ['\x1b[11~', 'F1'], ['\x1b[[A', 'F1'], ['\x1bOS', 'F4'], ['\x1b[17~', 'F6'], ['\x1b[21~', 'F10'],
];
const FOREIGN = ['\x1b[200~', '\x1b[?1;2c', '\x1b[<0;1;1M', '\x1bx', '\x1b[[Z', '\0'];

describe('keys', () => {
  it.each(SENT)('%j is %s, in one piece or in any two', (sent, key) => {
    expect(new KeyDecoder().push(sent)).toEqual([key]);
    const letters = Array.from(sent);
    for (let at = 1; at < letters.length; at++) {
      const decoder = new KeyDecoder();
      const first = decoder.push(letters.slice(0, at).join(''));
      expect(first).toEqual([]);
      expect(decoder.isWaiting).toBe(true);
      expect(decoder.push(letters.slice(at).join(''))).toEqual([key]);
      expect(decoder.isWaiting).toBe(false);
    }
  });

  it.each(FOREIGN)('%j is none, and hides not the next', (sent) => {
    expect(new KeyDecoder().push(`${sent}q`)).toEqual(['q']);
  });

  it('an escape is Escape when nothing follows, or another', () => {
    const decoder = new KeyDecoder();
    expect(decoder.push('\x1b')).toEqual([]);
    expect(decoder.flush()).toEqual(['Escape']);
    expect(decoder.flush()).toEqual([]);
    expect(decoder.push('\x1b\x1b[A')).toEqual(['Escape', 'Up']);
    expect(decoder.push('\x1b[1')).toEqual([]);
    expect(decoder.flush()).toEqual([]);
    expect(decoder.push('A')).toEqual(['A']);
  });

  it('a sequence without an end is given up', () => {
    const decoder = new KeyDecoder();
    expect(decoder.push(`\x1b[${'1'.repeat(1000)}`)).toEqual([]);
    expect(decoder.isWaiting).toBe(false);
  });

  it('come out the same, however they are split', () => {
    const sent = fc.array(
      fc.constantFrom(...SENT.map(([text]) => text), ...FOREIGN, '\x1b[', '\x1bO'),
    );
    fc.assert(
      fc.property(sent, fc.array(fc.nat(8)), (pieces, cuts) => {
        const text = pieces.join('');
        const whole = new KeyDecoder();
        const expected = [...whole.push(text), ...whole.flush()];
        const decoder = new KeyDecoder();
        const keys: string[] = [];
        let rest = Array.from(text);
        for (const cut of cuts) {
          keys.push(...decoder.push(rest.slice(0, cut).join('')));
          rest = rest.slice(cut);
        }
        keys.push(...decoder.push(rest.join('')), ...decoder.flush());
        expect(keys).toEqual(expected);
      }),
    );
  });
});

const SHOWN = { scrollMax: 20, page: 8 };

function pressed(keys: readonly string[], from: TopModel = modelTold()): TopModel {
  return keys.reduce((model, key) => keyPress(model, key, SHOWN).model, from);
}

function effect(key: string, from: TopModel = modelTold()): string {
  return keyPress(from, key, SHOWN).effect;
}

describe('what keys do', () => {
  it('switches tables, by number and one by one, around', () => {
    expect(pressed(['3']).view).toBe('partitions');
    expect(pressed(['Tab']).view).toBe('slabs');
    expect(pressed(['Shift-Tab']).view).toBe('hotkeys');
    expect(pressed(['Shift-Tab', 'Right']).view).toBe('commands');
    expect(effect('4')).toBe('look');
    expect(pressed(['PageDown', '2']).scroll).toBe(0);
  });

  it('sorts by the column beside, each table by itself', () => {
    expect(pressed(['>']).sorts).toEqual({ commands: { column: 'MEAN', isReversed: false } });
    expect(pressed(['<', '<', '<']).sorts.commands?.column).toBe('ERRORS');
    expect(pressed(['F6', 'r']).sorts.commands).toEqual({ column: 'MEAN', isReversed: true });
    expect(pressed(['r', '2', '>', '1']).sorts).toEqual({
      commands: { column: 'CALLS/S', isReversed: true },
      slabs: { column: 'LOST', isReversed: false },
    });
  });

  it('scrolls, and stops at the ends', () => {
    expect(pressed(['Up']).scroll).toBe(0);
    expect(pressed(['Down', 'j', 'k']).scroll).toBe(1);
    expect(pressed(['PageDown', 'PageDown', 'PageDown']).scroll).toBe(20);
    expect(pressed(['End', 'PageUp']).scroll).toBe(12);
    expect(pressed(['End', 'Home']).scroll).toBe(0);
  });

  it('filters by what is typed, keys among it', () => {
    const typed = pressed(['/', 'q', '3', ' ', 'Backspace']);
    expect(typed).toMatchObject({ filter: 'q3', isFilterOpen: true, view: 'commands' });
    expect(pressed(['Enter'], typed)).toMatchObject({ filter: 'q3', isFilterOpen: false });
    expect(pressed(['Escape'], typed)).toMatchObject({ filter: '', isFilterOpen: false });
    expect(pressed(['Enter', 'Escape'], typed).filter).toBe('');
    expect(pressed(['Up', 'F1'], typed).filter).toBe('q3');
    expect(pressed(['/', ...Array(99).fill('x')]).filter).toHaveLength(40);
    expect(effect('Ctrl-C', typed)).toBe('quit');
  });

  it('pauses, and looks at once when it goes on', () => {
    const paused = pressed([' ']);
    expect(paused.isPaused).toBe(true);
    expect(effect(' ')).toBe('none');
    expect(effect(' ', paused)).toBe('look');
    expect(pressed([' '], paused).isPaused).toBe(false);
  });

  it('looks less and more often, within bounds', () => {
    expect(pressed(['+']).intervalSec).toBe(2);
    expect(pressed(['-']).intervalSec).toBe(0.5);
    expect(pressed(Array(20).fill('+')).intervalSec).toBe(60);
    expect(pressed(Array(20).fill('-')).intervalSec).toBe(0.5);
  });

  it('shows help until any key', () => {
    const helped = pressed(['h']);
    expect(helped.isHelpShown).toBe(true);
    expect(pressed(['x'], helped).isHelpShown).toBe(false);
    expect(pressed(['3'], helped)).toMatchObject({ isHelpShown: false, view: 'commands' });
    expect(effect('q', helped)).toBe('quit');
  });

  it('does the rest', () => {
    expect(['q', 'F10', 'Ctrl-C', 'Ctrl-Z', 'Ctrl-L', 's', 'x'].map((key) => effect(key))).toEqual([
      'quit',
      'quit',
      'quit',
      'suspend',
      'draw',
      'sample',
      'none',
    ]);
    expect(pressed(['s']).view).toBe('hotkeys');
  });
});
