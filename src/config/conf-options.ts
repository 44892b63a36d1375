/**
 * The command line of redis-server, made into lines of a config file: `--port 7000 --save 60 1` are
 * `port "7000"` and `save "60" "1"`. The word after an option's name belongs to it whatever it looks
 * like; a later one that starts with two hyphens is the next option. An option may also come with its
 * words as one: `'--port 7000'`. Source: Redis src/server.c main.
 */

import { wordsSplit } from '../base/word-split.ts';
import { wordQuoted } from './value-type.ts';

export type ConfArguments = {
  /** The config file: the first word, unless it is an option. */
  readonly path: string | null;
  /** A lone hyphen, first or last: standard input has more lines. */
  readonly readsInput: boolean;
  readonly lines: string;
};

/** Options that mean something without a word: `--save` is `save ""`. */
const WITHOUT_WORD: Readonly<Record<string, string>> = { '--save': '""', '--sentinel': '' };

/** `argv`: the words of the command line after the program's name, one character per byte. */
export function confArguments(argv: readonly string[]): ConfArguments {
  const path = argv.length > 0 && !argv[0].startsWith('-') ? argv[0] : null;
  const lines: string[] = [];
  let readsInput = false;
  /** The last option's name still waits for its first word. */
  let isWaiting = false;
  for (let at = path === null ? 0 : 1; at < argv.length; at++) {
    const word = argv[at];
    const isLast = at === argv.length - 1;
    if (word === '-' && (at === 0 || isLast)) {
      readsInput = true;
    } else if (word.startsWith('--') && !isWaiting) {
      const closing = WITHOUT_WORD[word.toLowerCase()];
      const standsAlone = closing !== undefined && (isLast || argv[at + 1].startsWith('--'));
      lines.push(`${word.slice(2)} ${standsAlone ? closing : ''}`);
      isWaiting = !standsAlone && wordsSplit(word)?.length === 1;
    } else {
      lines.push(`${lines.pop() ?? ''}${wordQuoted(word)} `);
      isWaiting = false;
    }
  }
  return { path, readsInput, lines: lines.join('\n') };
}
