/**
 * From the name at the start of a line to its row: a hash over the bytes up to the first space, and one
 * comparison, both four bytes at a time. Built from the rows, whatever their order.
 */
import { assert } from '../../base/assert.ts';
import { wordCut, wordEnd } from '../../base/word.ts';
import { CR, LF, SPACE } from '../../protocol/memcached/line.ts';
import type { Numbered, TextRow } from './row.ts';
import { TEXT_TABLE } from './table.ts';

const SLOT_COUNT = 256;
const NAME_WORDS_MAX = 4;

type NamedRow = {
  readonly row: Numbered<TextRow>;
  readonly bytes: number;
  readonly words: Int32Array;
};

const named: readonly NamedRow[] = TEXT_TABLE.map((row) => {
  const bytes = row.name.length;
  assert(bytes < NAME_WORDS_MAX * 4, 'a command name is short');
  const padded = new DataView(new ArrayBuffer(NAME_WORDS_MAX * 4));
  for (let at = 0; at < bytes; at++) padded.setUint8(at, row.name.charCodeAt(at));
  const words = new Int32Array(NAME_WORDS_MAX).map((_, at) => padded.getInt32(at << 2, true));
  return { row, bytes, words };
});

/** Drawn below so that no two commands share a slot. */
let multiplier = 1;
let slots = slotsFill();
while (slots === null) {
  multiplier += 0x5bd1e9a6;
  slots = slotsFill();
}
const slotOf: readonly (NamedRow | null)[] = slots;

/** The table of slots; null where two names meet. */
function slotsFill(): (NamedRow | null)[] | null {
  const filled: (NamedRow | null)[] = Array.from({ length: SLOT_COUNT }, () => null);
  for (const name of named) {
    let hash = 0;
    for (let index = 0; index << 2 < name.bytes; index++) hash = nameStep(hash, name.words[index]);
    if (filled[nameSlot(hash)] !== null) return null;
    filled[nameSlot(hash)] = name;
  }
  return filled;
}

function nameStep(hash: number, word: number): number {
  return Math.imul(hash ^ word, multiplier);
}

function nameSlot(hash: number): number {
  return hash >>> 24;
}

/** The row of the command at input[at, …), or null. The name ends at a space or at the line's end. */
export function commandFind(input: DataView, at: number): Numbered<TextRow> | null {
  let hash = 0;
  let position = at;
  for (;;) {
    const word = input.getInt32(position, true);
    const bytes = wordEnd(word);
    if (bytes > 0) hash = nameStep(hash, wordCut(word, bytes));
    position += bytes;
    if (bytes < 4) break;
    if (position - at >= NAME_WORDS_MAX * 4) return null;
  }
  const found = slotOf[nameSlot(hash)];
  if (found === null || found.bytes !== position - at) return null;
  for (let index = 0; index << 2 < found.bytes; index++) {
    const from = at + (index << 2);
    const bytes = Math.min(4, position - from);
    if (wordCut(input.getInt32(from, true), bytes) !== found.words[index]) return null;
  }
  const end = input.getUint8(position);
  const isEnded =
    end === SPACE || end === LF || (end === CR && input.getUint8(position + 1) === LF);
  return isEnded ? found.row : null;
}
