/**
 * What a terminal sends, as keys: `a`, `/`, `Enter`, `Ctrl-C`, `Up`, `F6`, `Shift-Tab`. A key may arrive in
 * pieces, so what may be the start of one is kept until the rest comes, or until `flush` says that none
 * will: then an escape is the key Escape.
 *
 * Source: ECMA-48 5.4 (control sequences), XTerm Control Sequences "PC-Style Function Keys"; the Linux
 * console and rxvt for what they do differently.
 */

const ESC = '\x1b';
/** An unfinished sequence longer than this is none. */
const SEQUENCE_CHARS_MAX = 32;

const CONTROLS = new Map([
  ['\r', 'Enter'],
  ['\n', 'Enter'],
  ['\t', 'Tab'],
  ['\x7f', 'Backspace'],
  ['\b', 'Backspace'],
]);

/** By the last character, of sequences and of what follows ESC O. */
const FINALS = new Map([
  ['A', 'Up'],
  ['B', 'Down'],
  ['C', 'Right'],
  ['D', 'Left'],
  ['F', 'End'],
  ['H', 'Home'],
  ['P', 'F1'],
  ['Q', 'F2'],
  ['R', 'F3'],
  ['S', 'F4'],
  ['Z', 'Shift-Tab'],
]);

/** By the number before a tilde. */
// biome-ignore format: a table reads in columns
const NUMBERED = new Map([
  [1, 'Home'], [2, 'Insert'], [3, 'Delete'], [4, 'End'], [5, 'PageUp'], [6, 'PageDown'], [7, 'Home'], [8, 'End'],
  [11, 'F1'], [12, 'F2'], [13, 'F3'], [14, 'F4'], [15, 'F5'], [17, 'F6'], [18, 'F7'], [19, 'F8'], [20, 'F9'],
  [21, 'F10'], [23, 'F11'], [24, 'F12'],
]);

export class KeyDecoder {
  private rest = '';

  /** Whether the start of a key is kept. */
  get isWaiting(): boolean {
    return this.rest !== '';
  }

  /** The keys that are complete with this. */
  push(text: string): readonly string[] {
    this.rest += text;
    const keys: string[] = [];
    while (this.rest !== '') {
      const taken = this.keyTake();
      if (taken === null) break;
      this.rest = this.rest.slice(taken.length);
      if (taken.key !== null) keys.push(taken.key);
    }
    return keys;
  }

  /** Nothing more comes: what was kept is what it looks like. */
  flush(): readonly string[] {
    if (this.rest === '') return [];
    const rest = this.rest.slice(1);
    this.rest = '';
    // Of a longer piece the sequence was lost: better no key than several wrong ones.
    return rest === '' ? ['Escape'] : [];
  }

  /** The first key and its length; key null: one that has no name here; null: it is not complete. */
  private keyTake(): Taken | null {
    const { rest } = this;
    if (rest[0] !== ESC) {
      const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      return { key: letterKey(letter), length: letter.length };
    }
    if (rest.length === 1) return null;
    // The second of two escapes begins anew.
    if (rest[1] === ESC) return { key: 'Escape', length: 1 };
    return sequenceTake(rest.slice(1));
  }
}

type Taken = { readonly key: string | null; readonly length: number };

/** `rest`: what stands behind the escape. */
function sequenceTake(rest: string): Taken | null {
  // The Linux console: ESC [ [ A to E.
  if (rest.startsWith('[[')) {
    if (rest.length === 2) return null;
    const at = 'ABCDE'.indexOf(rest[2]);
    return { key: at < 0 ? null : `F${at + 1}`, length: 4 };
  }
  const sequence = /^[O[]([0-9;:<=>?]*)[ -/]*([@-~]?)/.exec(rest);
  // With Alt: a key that nothing is bound to.
  if (sequence === null) return { key: null, length: 2 };
  const [matched, parameters, final] = sequence;
  const length = matched.length + 1;
  if (final !== '') return { key: sequenceKey(parameters, final), length };
  // Something stands in it that cannot, or it is none.
  const isBroken = rest.length > matched.length || matched.length > SEQUENCE_CHARS_MAX;
  return isBroken ? { key: null, length } : null;
}

function sequenceKey(parameters: string, final: string): string | null {
  if (final === '~') return NUMBERED.get(Number.parseInt(parameters, 10)) ?? null;
  return FINALS.get(final) ?? null;
}

function letterKey(letter: string): string | null {
  const named = CONTROLS.get(letter);
  if (named !== undefined) return named;
  const code = letter.codePointAt(0) ?? 0;
  if (code === 0 || code > 0x1a)
    return code < 0x20 || (code >= 0x80 && code < 0xa0) ? null : letter;
  return `Ctrl-${String.fromCharCode(code + 0x40)}`;
}
