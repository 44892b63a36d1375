/**
 * Splits a line into words, as redis.conf and inline requests have them. Bare words end at a blank; "double quotes"
 * know \n \r \t \b \a \xHH and a backslash before anything else, 'single quotes' only \'. A closing quote ends its
 * word, and must be followed by a blank. Bytes are characters here, and a byte 0 ends the line.
 *
 * Source: Redis src/sds.c sdssplitargs.
 */

const ESCAPED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  a: '\x07',
};

// Blanks are those of C, not of Unicode: a word may hold the byte 0xa0.
const BLANKS = /[ \t\n\v\f\r]*/y;
const BARE = /[^ \t\n\r"']*/y;
const DOUBLE = /"((?:\\.|[^"\\])*)"/sy;
const SINGLE = /'((?:\\'|[^'\\]|\\(?!'))*)'/y;
const ESCAPE = /\\x([0-9a-fA-F]{2})|\\(.)/gs;

/** The words, or null where quotes are not balanced. */
export function wordsSplit(line: string): readonly string[] | null {
  const words: string[] = [];
  const end = line.includes('\0') ? line.indexOf('\0') : line.length;
  const text = line.slice(0, end);
  let at = matchEnd(BLANKS, text, 0);
  while (at < end) {
    at = wordRead(text, at, words);
    if (at < 0) return null;
    const next = matchEnd(BLANKS, text, at);
    const isQuoted = text[at - 1] === '"' || text[at - 1] === "'";
    if (isQuoted && next === at && at < end) return null;
    at = next;
  }
  return words;
}

/** Reads one word, and adds it. Returns where it ends, or -1. */
function wordRead(line: string, start: number, words: string[]): number {
  const at = matchEnd(BARE, line, start);
  const bare = line.slice(start, at);
  const quote = line[at];
  if (quote !== '"' && quote !== "'") {
    words.push(bare);
    return at;
  }
  const pattern = quote === '"' ? DOUBLE : SINGLE;
  pattern.lastIndex = at;
  const match = pattern.exec(line);
  if (match === null) return -1;
  words.push(bare + (quote === '"' ? escapesRead(match[1]) : match[1].replaceAll("\\'", "'")));
  return at + match[0].length;
}

function escapesRead(text: string): string {
  return text.replace(ESCAPE, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (ESCAPED[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Where the blanks or bare characters that start here end. */
function matchEnd(pattern: RegExp, line: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(line)?.[0].length ?? 0);
}
