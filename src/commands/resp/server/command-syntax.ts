/**
 * A row's syntax, taken apart: what COMMAND DOCS tells of a command's arguments, and redis-cli makes its hints
 * of.
 *
 *   key value [NX | XX] [EX seconds | PX milliseconds]
 *
 * Capitals are words to be typed; small letters, with or without <>, stand for something. Brackets hold what
 * may be missing, parentheses what may not; in either a bar sets alternatives apart. Three dots repeat what is
 * before them, and in `key value [key value ...]` all that is in the bracket; where that starts with its token, as in
 * `GET pattern [GET pattern ...]`, the token is repeated too. What is not written so is refused.
 */
import { assert } from '../../../base/assert.ts';

export type Argument = {
  readonly name: string;
  readonly type:
    | 'key'
    | 'string'
    | 'integer'
    | 'double'
    | 'pattern'
    | 'unix-time'
    | 'pure-token'
    | 'oneof'
    | 'block';
  /** Words to be typed before it, or as it. */
  readonly token: string | null;
  readonly isOptional: boolean;
  readonly isMultiple: boolean;
  /** … and the token with it. */
  readonly repeatsToken: boolean;
  readonly parts: readonly Argument[];
};

const WORD = /[[\]()|]|\.\.\.|[^\s[\]()|]+/g;
const INTEGERS = new Set(
  'count seconds milliseconds index start stop offset numkeys timeout len cursor increment decrement db rank bit port id maxlen length'.split(
    ' ',
  ),
);

/** Reads a syntax. */
export function syntaxParse(syntax: string): readonly Argument[] {
  const reader = new SyntaxReader(syntax.match(WORD) ?? []);
  const found = reader.sequence();
  assert(reader.isDone, 'brackets and bars of a syntax match');
  return found;
}

class SyntaxReader {
  private readonly words: readonly string[];
  private at = 0;

  constructor(words: readonly string[]) {
    this.words = words;
  }

  get isDone(): boolean {
    return this.at === this.words.length;
  }

  /** Arguments up to what closes a group or sets its alternatives apart, or to the end. */
  sequence(): readonly Argument[] {
    const found: Argument[] = [];
    for (;;) {
      const word = this.words[this.at];
      if (word === undefined || word === ']' || word === ')' || word === '|') return found;
      if (word === '...') {
        this.at++;
        const last = found.pop();
        assert(last !== undefined && !last.isMultiple, 'three dots repeat something, once');
        found.push({ ...last, isMultiple: true });
      } else if (word === '[') {
        const alternatives = this.group();
        if (!repetitionTake(found, alternatives)) {
          found.push({ ...chosen(alternatives), isOptional: true });
        }
      } else {
        found.push(word === '(' ? chosen(this.group()) : this.single());
      }
    }
  }

  /** The alternatives between brackets of either kind. */
  private group(): readonly (readonly Argument[])[] {
    const closes = this.words[this.at] === '[' ? ']' : ')';
    const alternatives: (readonly Argument[])[] = [];
    do {
      this.at++;
      const one = this.sequence();
      assert(one.length > 0, 'there is something in brackets, and on either side of a bar');
      alternatives.push(one);
    } while (this.words[this.at] === '|');
    assert(this.words[this.at] === closes, 'a bracket is closed by one of its kind');
    this.at++;
    return alternatives;
  }

  private single(): Argument {
    const word = this.words[this.at];
    this.at++;
    if (!isToken(word)) return valueArgument(word);
    const next = this.words[this.at];
    if (next === '(') return { ...chosen(this.group()), token: word };
    const isAlone = next === undefined || !/^[a-z<]/.test(next);
    if (isAlone) return argument(word.toLowerCase(), 'pure-token', word);
    this.at++;
    return { ...valueArgument(next), token: word };
  }
}

function chosen(alternatives: readonly (readonly Argument[])[]): Argument {
  if (alternatives.length === 1) return joined(alternatives[0], 'block');
  return joined(
    alternatives.map((one) => joined(one, 'block')),
    'oneof',
  );
}

/** Takes `field value [field value ...]` for a block that is there once or more. False: it is something else. */
function repetitionTake(
  found: Argument[],
  alternatives: readonly (readonly Argument[])[],
): boolean {
  const [again] = alternatives;
  const once = found.slice(-again.length);
  const isSame = once.map(({ name }) => name).join() === again.map(({ name }) => name).join();
  if (alternatives.length > 1 || again.at(-1)?.isMultiple !== true || !isSame) return false;
  found.splice(-again.length);
  const whole = joined(once, 'block');
  const repeatsToken = whole.token !== null && again[0].token === whole.token;
  found.push({ ...whole, isMultiple: true, repeatsToken });
  return true;
}

function isToken(word: string): boolean {
  return /^[A-Z*=~$]/.test(word);
}

function valueArgument(word: string): Argument {
  const name = word.replace(/[<>"]/g, '');
  return argument(name, typeOf(name), null);
}

function typeOf(name: string): Argument['type'] {
  if (/^(key\d*|source|destination|destkey|newkey|sourcekey|dst|src)$/.test(name)) return 'key';
  if (INTEGERS.has(name)) return 'integer';
  if (/^(score|min|max|longitude|latitude|radius)$/.test(name)) return 'double';
  if (name === 'pattern') return 'pattern';
  return name.startsWith('unix-time') ? 'unix-time' : 'string';
}

function argument(name: string, type: Argument['type'], token: string | null): Argument {
  return {
    name,
    type,
    token,
    isOptional: false,
    isMultiple: false,
    repeatsToken: false,
    parts: [],
  };
}

function joined(parts: readonly Argument[], type: 'block' | 'oneof'): Argument {
  if (parts.length === 1) return parts[0];
  const name = parts[0]?.name ?? 'nothing';
  return { ...argument(name, type, null), parts };
}
