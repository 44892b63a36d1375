/** Keys of `flagstone top`: what terminals send for them, in whatever pieces, and what scrolls. */
import { describe, expect, it } from 'vitest';
import { keyPress } from '../../../src/cli/top/key-bindings.ts';
import { KeyDecoder } from '../../../src/cli/top/key-decoder.ts';
import { modelTold } from './told.ts';

// biome-ignore format: a table reads in columns
const SENT: readonly (readonly [sent: string, keys: readonly string[]])[] = [
  ['q',                       ['q']],
  ['\r\t\x7f\x03\x1a',        ['Enter', 'Tab', 'Backspace', 'Ctrl-C', 'Ctrl-Z']],
  ['\x1b[A\x1b[B\x1b[C\x1b[D', ['Up', 'Down', 'Right', 'Left']],
  ['\x1bOA\x1bOP\x1bOS',      ['Up', 'F1', 'F4']],
  ['\x1b[1;5C\x1b[Z',         ['Right', 'Shift-Tab']],
  ['\x1b[5~\x1b[6~\x1b[17~',  ['PageUp', 'PageDown', 'F6']],
  ['\x1b[[A\x1b[[D',          ['F1', 'F4']],
  ['\x1b\x1b[A',              ['Escape', 'Up']],
  ['\x1bxq\x1b[99~q',         ['q', 'q']],
  ['ä\u{1f600}',              ['ä', '\u{1f600}']],
];

describe('keys', () => {
  it.each(SENT)('%j are %j', (sent, keys) => {
    expect(new KeyDecoder().push(sent)).toEqual(keys);
    const decoder = new KeyDecoder();
    // As Node's decoder gives them: never half a letter.
    expect(Array.from(sent).flatMap((letter) => decoder.push(letter))).toEqual(keys);
    expect(decoder.isWaiting).toBe(false);
  });

  it('are an escape when nothing follows it', () => {
    const decoder = new KeyDecoder();
    expect(decoder.push('\x1b')).toEqual([]);
    expect(decoder.isWaiting).toBe(true);
    expect(decoder.flush()).toEqual(['Escape']);
    expect(decoder.push('q')).toEqual(['q']);
  });

  it('scroll as far as there are rows', () => {
    const shown = { scrollMax: 7, page: 5 };
    let model = modelTold();
    const scrolls = ['Up', 'Down', 'PageDown', 'PageDown', 'Down', 'Up', 'PageUp', 'End', 'Home'];
    const positions = scrolls.map((key) => {
      model = keyPress(model, key, shown).model;
      return model.scroll;
    });
    expect(positions).toEqual([0, 1, 6, 7, 7, 6, 1, 7, 0]);
  });

  it('are letters of a filter while one is typed, but for those that end', () => {
    const shown = { scrollMax: 0, page: 5 };
    let model = modelTold({ isFilterOpen: true });
    for (const key of ['q', 'ä', ' ', 'Up', 'Backspace']) model = keyPress(model, key, shown).model;
    expect(model.filter).toBe('qä');
    expect(keyPress(model, 'q', shown).effect).toBe('none');
    expect(keyPress(model, 'Ctrl-C', shown).effect).toBe('quit');
    expect(keyPress(model, 'Escape', shown).model).toMatchObject({
      filter: '',
      isFilterOpen: false,
    });
  });
});
