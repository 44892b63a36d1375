/**
 * A request's arguments: ranges of one buffer. No argument is copied, and none becomes a string,
 * unless a handler asks for it.
 *
 *   source  … *3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n …
 *                        ▲  ▲        ▲  ▲        ▲    ▲
 *               start[0] ┘  └ end[0] ┘  └ end[1] ┘    └ end[2]        count = 3
 *
 * They are valid while the command runs; whoever needs them longer takes a copy (`argumentsCopy`).
 */

const CAPACITY_MIN = 64;

export class Arguments {
  source: Buffer;
  /** Byte offsets in `source`. */
  start: Int32Array = new Int32Array(CAPACITY_MIN);
  end: Int32Array = new Int32Array(CAPACITY_MIN);
  /** Arguments there are, the command's name included. */
  count = 0;

  constructor(source: Buffer) {
    this.source = source;
  }
}

/** Adds one more. */
export function argumentPush(args: Arguments, start: number, end: number): void {
  if (args.count === args.start.length) grow(args);
  args.start[args.count] = start;
  args.end[args.count++] = end;
}

function grow(args: Arguments): void {
  const start = new Int32Array(args.start.length * 4);
  const end = new Int32Array(args.start.length * 4);
  start.set(args.start);
  end.set(args.end);
  args.start = start;
  args.end = end;
}

/** After an unusually long request: back to little memory. */
export function argumentsTrim(args: Arguments): void {
  args.count = 0;
  if (args.start.length <= CAPACITY_MIN * 64) return;
  args.start = new Int32Array(CAPACITY_MIN);
  args.end = new Int32Array(CAPACITY_MIN);
}

export function argumentBytes(args: Arguments, index: number): number {
  return args.end[index] - args.start[index];
}

/** An argument as text, one character a byte. */
export function argumentText(args: Arguments, index: number): string {
  return args.source.toString('latin1', args.start[index], args.end[index]);
}

/** A copy of one argument. */
export function argumentCopy(args: Arguments, index: number): Buffer {
  return Buffer.from(args.source.subarray(args.start[index], args.end[index]));
}

/**
 * Whether an argument is this word, given in lower case; letters of either case agree. For options and
 * names of subcommands.
 */
export function argumentIs(args: Arguments, index: number, word: string): boolean {
  const { source } = args;
  const start = args.start[index];
  if (args.end[index] - start !== word.length) return false;
  for (let at = 0; at < word.length; at++) {
    let byte = source[start + at];
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== word.charCodeAt(at)) return false;
  }
  return true;
}

/** A copy of all arguments that outlives the request. */
export function argumentsCopy(args: Arguments): Arguments {
  const first = args.start[0];
  const isInOrder = args.end[args.count - 1] >= first;
  const whole = isInOrder ? args.source.subarray(first, args.end[args.count - 1]) : args.source;
  const copy = new Arguments(Buffer.from(whole));
  copy.start = args.start.slice(0, args.count);
  copy.end = args.end.slice(0, args.count);
  copy.count = args.count;
  if (!isInOrder) return copy;
  for (let index = 0; index < copy.count; index++) {
    copy.start[index] -= first;
    copy.end[index] -= first;
  }
  return copy;
}

/** Arguments made of words, as if a client had sent them. */
export function argumentsOf(words: readonly (string | Buffer)[]): Arguments {
  const pieces = words.map((word) =>
    typeof word === 'string' ? Buffer.from(word, 'latin1') : word,
  );
  const args = new Arguments(Buffer.concat(pieces));
  let at = 0;
  for (const piece of pieces) {
    argumentPush(args, at, at + piece.length);
    at += piece.length;
  }
  return args;
}
