/**
 * Inline requests: a line of words, as a person types them, instead of an array of strings. Its words are those of
 * redis.conf.
 */
import { wordsSplit } from '../../base/word-split.ts';
import { type Arguments, argumentPush } from './arguments.ts';

/** Splits source[start, end) into words in a buffer of their own. False: quotes do not match. */
export function inlineSplit(args: Arguments, source: Buffer, start: number, end: number): boolean {
  args.count = 0;
  const words = wordsSplit(source.toString('latin1', start, end));
  if (words === null) return false;
  args.source = Buffer.from(words.join(''), 'latin1');
  let used = 0;
  for (const word of words) {
    argumentPush(args, used, used + word.length);
    used += word.length;
  }
  return true;
}
