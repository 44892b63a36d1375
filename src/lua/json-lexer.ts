/**
 * The words of JSON: of a text that ends in a zero byte, one after another.
 *
 * Numbers may be any that C's strtod takes, if the lexer is told to be `lenient`, which is what Redis does.
 *
 * Source: RFC 8259; Redis deps/lua/src/lua_cjson.c for what it takes beyond, and for its errors' words.
 */
import { type RealRead, realRead } from './real-text.ts';

/** Kinds of tokens, as errors name them. */
export const JSON_TOKEN = {
  OBJECT_BEGIN: 'T_OBJ_BEGIN',
  OBJECT_END: 'T_OBJ_END',
  ARRAY_BEGIN: 'T_ARR_BEGIN',
  ARRAY_END: 'T_ARR_END',
  STRING: 'T_STRING',
  NUMBER: 'T_NUMBER',
  BOOLEAN: 'T_BOOLEAN',
  NULL: 'T_NULL',
  COLON: 'T_COLON',
  COMMA: 'T_COMMA',
  END: 'T_END',
  INVALID: 'invalid token',
  INVALID_NUMBER: 'invalid number',
  INVALID_ESCAPE: 'invalid escape code',
  INVALID_UNICODE: 'invalid unicode escape code',
  UNENDED_STRING: 'unexpected end of string',
} as const;
export type JsonToken = (typeof JSON_TOKEN)[keyof typeof JSON_TOKEN];

const SINGLE_BYTES: ReadonlyMap<number, JsonToken> = new Map([
  [0x00, JSON_TOKEN.END],
  [0x7b, JSON_TOKEN.OBJECT_BEGIN],
  [0x7d, JSON_TOKEN.OBJECT_END],
  [0x5b, JSON_TOKEN.ARRAY_BEGIN],
  [0x5d, JSON_TOKEN.ARRAY_END],
  [0x3a, JSON_TOKEN.COLON],
  [0x2c, JSON_TOKEN.COMMA],
]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
/** Letters after a backslash, and what they stand for. */
const ESCAPED: ReadonlyMap<number, number> = new Map(
  Object.entries({
    '"': '"',
    '\\': '\\',
    '/': '/',
    b: '\b',
    t: '\t',
    n: '\n',
    f: '\f',
    r: '\r',
  }).map(([letter, char]) => [letter.charCodeAt(0), char.charCodeAt(0)]),
);
const UNICODE_ESCAPE = /^\\u([\da-f]{4})(?:\\u([\da-f]{4}))?/i;
const UNICODE_PAIR_BYTES = 12;
const SURROGATES_START = 0xd800;
const LOW_SURROGATES_START = 0xdc00;
const SURROGATES_END = 0xe000;
/** How a number starts that is none of JSON's, but one of strtod's. */
const BEYOND_JSON = /^(?:\+|-?0[\dx]|-?inf|-?nan)/i;
const BEYOND_JSON_BYTES = 4;

export class JsonLexer {
  /** The text, which ends in a zero byte. */
  readonly text: Buffer;
  readonly isLenient: boolean;
  at = 0;
  /** Of the last token: where it starts, or where what is wrong with it is. */
  tokenAt = 0;
  /** Of a number: its value. */
  readonly number: RealRead = { value: 0, bytes: 0 };
  boolean = false;
  /** Of a string: its bytes are `string[stringStart, stringEnd)`. */
  string: Buffer;
  stringStart = 0;
  stringEnd = 0;
  /** Strings without their escapes: as long as the text, once it is needed. */
  private unescaped: Buffer | null = null;

  constructor(text: Buffer, isLenient: boolean) {
    this.text = text;
    this.string = text;
    this.isLenient = isLenient;
  }

  /** Reads the next token. */
  next(): JsonToken {
    const { text } = this;
    while (isSpace(text[this.at])) this.at++;
    this.tokenAt = this.at;
    const byte = text[this.at];
    const single = SINGLE_BYTES.get(byte);
    if (single !== undefined) {
      if (single !== JSON_TOKEN.END) this.at++;
      return single;
    }
    if (byte === QUOTE) return this.stringNext();
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      if (!this.isLenient && this.isBeyondJson()) return JSON_TOKEN.INVALID_NUMBER;
      return this.numberNext();
    }
    return this.wordNext();
  }

  private wordNext(): JsonToken {
    const word = this.text.toString('latin1', this.at, Math.min(this.at + 5, this.text.length));
    if (word.startsWith('true') || word === 'false') {
      this.boolean = word !== 'false';
      this.at += this.boolean ? 4 : 5;
      return JSON_TOKEN.BOOLEAN;
    }
    if (word.startsWith('null')) {
      this.at += 4;
      return JSON_TOKEN.NULL;
    }
    return this.isLenient && this.isBeyondJson() ? this.numberNext() : JSON_TOKEN.INVALID;
  }

  private isBeyondJson(): boolean {
    const end = Math.min(this.at + BEYOND_JSON_BYTES, this.text.length);
    return BEYOND_JSON.test(this.text.toString('latin1', this.at, end));
  }

  private numberNext(): JsonToken {
    const { text, number } = this;
    realRead(text, this.at, text.length - 1, number);
    if (number.bytes === 0) return JSON_TOKEN.INVALID_NUMBER;
    this.at += number.bytes;
    return JSON_TOKEN.NUMBER;
  }

  private stringNext(): JsonToken {
    const { text } = this;
    const start = this.at + 1;
    let at = start;
    while (text[at] !== QUOTE && text[at] !== BACKSLASH && text[at] !== 0) at++;
    this.at = at;
    if (text[at] === BACKSLASH) return this.escapedNext(start);
    this.string = text;
    this.stringStart = start;
    this.stringEnd = at;
    return this.stringEnded();
  }

  /** Goes on with a string, from its first backslash on. */
  private escapedNext(start: number): JsonToken {
    const { text } = this;
    this.unescaped ??= Buffer.allocUnsafe(text.length);
    const to = this.unescaped;
    let used = text.copy(to, 0, start, this.at);
    while (text[this.at] !== QUOTE && text[this.at] !== 0) {
      const byte = text[this.at];
      if (byte !== BACKSLASH) {
        to[used++] = byte;
        this.at++;
        continue;
      }
      const letter = text[this.at + 1];
      if (letter === LETTER_U) {
        const char = this.unicodeNext();
        if (char === null) return this.refused(JSON_TOKEN.INVALID_UNICODE);
        used += to.write(char, used);
        continue;
      }
      const escaped = ESCAPED.get(letter);
      if (escaped === undefined) return this.refused(JSON_TOKEN.INVALID_ESCAPE);
      to[used++] = escaped;
      this.at += 2;
    }
    this.string = to;
    this.stringStart = 0;
    this.stringEnd = used;
    return this.stringEnded();
  }

  private stringEnded(): JsonToken {
    if (this.text[this.at] === 0) return this.refused(JSON_TOKEN.UNENDED_STRING);
    this.at++;
    return JSON_TOKEN.STRING;
  }

  /** The character of `\uXXXX`, or of a pair of surrogates; null: there is none. */
  private unicodeNext(): string | null {
    const window = this.text.toString('latin1', this.at, this.at + UNICODE_PAIR_BYTES);
    const found = UNICODE_ESCAPE.exec(window);
    if (found === null) return null;
    const first = Number.parseInt(found[1] as string, 16);
    if (first < SURROGATES_START || first >= SURROGATES_END) {
      this.at += UNICODE_PAIR_BYTES / 2;
      return String.fromCharCode(first);
    }
    const second = Number.parseInt(found[2] ?? '', 16);
    const isPair = first < LOW_SURROGATES_START && second >= LOW_SURROGATES_START;
    if (!isPair || second >= SURROGATES_END) return null;
    this.at += UNICODE_PAIR_BYTES;
    return String.fromCharCode(first, second);
  }

  private refused(token: JsonToken): JsonToken {
    this.tokenAt = this.at;
    return token;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
