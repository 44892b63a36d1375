/**
 * What a directive's words can mean: one type per kind of value, made by a function that takes its
 * bounds. Texts are strings of one character per byte, since passwords and paths may hold any.
 * Every type reads its own canonical text: what CONFIG GET shows, CONFIG SET takes.
 *
 * Texts of errors are those of Redis, src/config.c.
 */

/** A value with its canonical text, or what is wrong with the words. */
export type Parsed<Value> =
  | { readonly value: Value; readonly text: string; readonly problem: null }
  | { readonly value: null; readonly text: null; readonly problem: string };

export interface ValueType<Value> {
  /**
   * Words → value.
   *   words    one, unless `isMany`: then as many as were given, or none
   *   before   the value so far, for types of which only a part may be given
   */
  parse(words: readonly string[], before: Value): Parsed<Value>;
  /** Takes several words: in CONFIG SET they are one text with a blank between each. */
  readonly isMany?: true;
  /** What the first line of a start, and every CONFIG SET, adds to, where lines add up. */
  readonly fresh?: Value;
  /**
   * How the value stands in a config file, without the directive's name: one text for each line. None:
   * it needs no line. Unless told the canonical text.
   */
  fileTexts?(text: string, value: Value): readonly string[];
}

/** The value that a type reads. */
export type ValueOf<Type> = Type extends ValueType<infer Value> ? Value : never;

// Bounds as C has them. They appear in the texts of errors, so they are exact.
export const INT_MAX = 2n ** 31n - 1n;
export const INT_MIN = -(2n ** 31n);
export const UINT_MAX = 2n ** 32n - 1n;
export const LONG_MAX = 2n ** 63n - 1n;
export const ULONG_MAX = 2n ** 64n - 1n;

const KIB = 1024n;
const MIB = 1024n * KIB;
const GIB = 1024n * MIB;

export function parsed<Value>(value: Value, text: string): Parsed<Value> {
  return { value, text, problem: null };
}

export function refused<Value>(problem: string): Parsed<Value> {
  return { value: null, text: null, problem };
}

/** `yes` or `no`. */
export function yesNo(): ValueType<boolean> {
  return {
    parse([word]) {
      const text = word.toLowerCase();
      if (text !== 'yes' && text !== 'no') return refused("argument must be 'yes' or 'no'");
      return parsed(text === 'yes', text);
    },
  };
}

/**
 * A whole number. The value is exact up to 2^53, and the bound itself beyond; the text is always exact.
 */
export function integer(min: bigint, max: bigint): ValueType<number> {
  return {
    parse([word]) {
      const number = decimalRead(word);
      if (number === null) return refused("argument couldn't be parsed into an integer");
      return inBounds(number, min, max);
    },
  };
}

/** A number of bytes, with or without a unit: `64mb`, `1g`. */
export function memory(min: bigint, max: bigint): ValueType<number> {
  return {
    parse([word]) {
      const bytes = memoryRead(word);
      if (bytes === null) return refused('argument must be a memory value');
      return inBounds(bytes, min, max);
    },
    fileTexts: (text) => [memoryText(BigInt(text))],
  };
}

/** The same, or a share in per cent, which counts as a negative number: `5%` is -5. */
export function memoryOrPercent(percentMax: bigint, max: bigint): ValueType<number> {
  return {
    parse([word]) {
      const bytes = memoryRead(word);
      if (bytes !== null) return inBounds(bytes, 0n, max);
      const percent = word.endsWith('%') ? decimalRead(word.slice(0, -1)) : null;
      if (percent === null || percent < 0n) {
        return refused('argument must be a memory or percent value');
      }
      if (percent > percentMax) {
        return refused(`percentage argument must be less or equal to ${percentMax}`);
      }
      return percent === 0n ? parsed(0, '0') : parsed(-Number(percent), `${percent}%`);
    },
    fileTexts: (text) => [text.endsWith('%') ? text : memoryText(BigInt(text))],
  };
}

/** The mode of a file, in octal. */
export function fileMode(max: number): ValueType<number> {
  return {
    parse([word]) {
      if (!/^[+-]?[0-7]*$/.test(word)) {
        return refused("argument couldn't be parsed as an octal number");
      }
      const mode = word === '' ? 0 : Number.parseInt(word, 8);
      if (!(mode >= 0 && mode <= max)) {
        return refused(`argument must be between 0 and ${max.toString(8)} inclusive`);
      }
      return parsed(mode, mode.toString(8));
    },
  };
}

/**
 * One of `words`, in either case.
 *   synonyms   which of them are the same as another, that they are shown as
 */
export function choice<const Word extends string>(
  words: readonly Word[],
  synonyms: Readonly<Record<string, Word>> = {},
): ValueType<Word> {
  return {
    parse(given) {
      const text = given[0].toLowerCase();
      const word = synonyms[text] ?? words.find((one) => one === text);
      return word === undefined ? refused(choiceProblem(words)) : parsed(word, word);
    },
  };
}

/**
 * Several of `words`; the first alone stands for none of the others.
 *   excluded   two words that rule each other out, and what to say then
 */
export function choices<const Word extends string>(
  words: readonly Word[],
  excluded: { readonly pair: readonly [Word, Word]; readonly problem: string },
): ValueType<readonly Word[]> {
  return {
    isMany: true,
    parse(given) {
      const lower = given.map((word) => word.toLowerCase());
      if (lower.length === 0 || lower.some((word) => !words.includes(word as Word))) {
        return refused(choiceProblem(words));
      }
      const chosen = words.slice(1).filter((word) => lower.includes(word));
      if (excluded.pair.every((word) => chosen.includes(word))) return refused(excluded.problem);
      return parsed(chosen, chosen.length === 0 ? words[0] : chosen.join(' '));
    },
  };
}

/** Any text. `check` returns what is wrong with it, or null. */
export function text(check?: (text: string) => string | null): ValueType<string> {
  return {
    parse([word]) {
      const problem = check?.(word) ?? null;
      return problem === null ? parsed(word, word) : refused(problem);
    },
    fileTexts: (word) => [wordQuoted(word)],
  };
}

/** A text that may be missing, which is the same as empty. */
export function textOrNone(check?: (text: string) => string | null): ValueType<string> {
  return { ...text(check), fileTexts: (word) => (word === '' ? [] : [wordQuoted(word)]) };
}

/** A word in double quotes, as every reader of config files understands it. */
export function wordQuoted(word: string): string {
  const escaped = word.replace(/[^ !#-[\]-~]/g, (character) => {
    const letter = ESCAPE_LETTER[character];
    if (letter !== undefined) return `\\${letter}`;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

const ESCAPE_LETTER: Readonly<Record<string, string>> = {
  '\\': '\\',
  '"': '"',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\x07': 'a',
  '\b': 'b',
};

/** A decimal number as Redis's string2ll takes it: no plus, no blanks, no leading zeros, 64 bits. */
export function decimalRead(word: string): bigint | null {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(word)) return null;
  const number = BigInt(word);
  return BigInt.asIntN(64, number) === number ? number : null;
}

/** A whole number as C's strtoll takes it: blanks before it, a sign, leading zeros; none is 0. */
export function looseDecimalRead(word: string): number | null {
  const match = /^\s*([+-]?\d*)$/.exec(word);
  if (match === null) return null;
  return Number.parseInt(match[1], 10) || 0;
}

const UNIT_BYTES: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: KIB,
  m: 1000n ** 2n,
  mb: MIB,
  g: 1000n ** 3n,
  gb: GIB,
};

/** Bytes, unsigned 64 bits; what is beyond them wraps, as in Redis. Null: not a size. */
export function memoryRead(word: string): bigint | null {
  const match = /^(\d*)([a-z]*)$/i.exec(word);
  const unitBytes = match === null ? undefined : UNIT_BYTES[match[2].toLowerCase()];
  if (match === null || unitBytes === undefined) return null;
  const number = BigInt(match[1]);
  return BigInt.asUintN(64, (number > ULONG_MAX ? ULONG_MAX : number) * unitBytes);
}

/** Bytes in the largest unit that divides them. */
export function memoryText(bytes: bigint): string {
  if (bytes === 0n) return '0';
  if (bytes % GIB === 0n) return `${bytes / GIB}gb`;
  if (bytes % MIB === 0n) return `${bytes / MIB}mb`;
  return bytes % KIB === 0n ? `${bytes / KIB}kb` : `${bytes}`;
}

function inBounds(number: bigint, min: bigint, max: bigint): Parsed<number> {
  if (number < min || number > max) {
    return refused(`argument must be between ${min} and ${max} inclusive`);
  }
  return parsed(Number(number), `${number}`);
}

function choiceProblem(words: readonly string[]): string {
  return `argument(s) must be one of the following: ${words.join(', ')}`;
}
