/**
 * Keys as text. A key may hold any bytes; each has one text, and each text is of one key:
 *
 *   \\              a backslash
 *   \x00 … \xff     a byte that is not text, or would not be seen: not UTF-8, a control or format
 *                   character, a space other than the plain one
 *   \+904@1b2c3d4e  at the end: the key goes on for 904 bytes that are not known; keys that begin alike are
 *                   told apart by the number behind it, which is made of all of the key
 *   anything else   itself
 */

const UNSEEN = /[\p{C}\p{Z}\ufffd]/u;
const SPACE = ' ';
const BACKSLASH = '\\';

/** The text of a key of `allBytes` bytes, of which `held` is the beginning. `hash` is of all of it. */
export function keyText(held: Buffer, allBytes: number, hash: number): string {
  let text = '';
  let at = 0;
  while (at < held.length) {
    const bytes = characterBytes(held, at);
    const character = held.toString('utf8', at, at + bytes);
    text += isSeen(character) ? character : escaped(held, at, at + bytes);
    at += bytes;
  }
  return allBytes > held.length ? `${text}${cutText(allBytes - held.length, hash)}` : text;
}

/** Bytes of the character at `at`; 1 where there is none. */
function characterBytes(held: Buffer, at: number): number {
  const first = held[at];
  const bytes = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + bytes > held.length) return 1;
  // What does not decode to one character is taken byte by byte.
  const [character, ...rest] = held.toString('utf8', at, at + bytes);
  return rest.length === 0 && Buffer.byteLength(character) === bytes ? bytes : 1;
}

function isSeen(character: string): boolean {
  return character === SPACE || !(character === BACKSLASH || UNSEEN.test(character));
}

function escaped(held: Buffer, from: number, to: number): string {
  if (held[from] === BACKSLASH.charCodeAt(0)) return BACKSLASH.repeat(2);
  let text = '';
  for (let at = from; at < to; at++) text += `\\x${held[at].toString(16).padStart(2, '0')}`;
  return text;
}

function cutText(bytes: number, hash: number): string {
  return `\\+${bytes}@${(hash >>> 0).toString(16).padStart(8, '0')}`;
}
