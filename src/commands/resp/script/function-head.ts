/**
 * The first line of a library: `#!lua name=mylib`.
 *
 * Spec: Redis, "Redis functions". Texts: valkey-io/valkey src/functions.c, functionExtractLibMetaData.
 */
import { wordsSplit } from '../../../base/word-split.ts';

const LINE_END = 0x0a;
const NAME = /^\w+$/;
export const BAD_NAME =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long';
const INVALID = 'Invalid library metadata';

/** A library's name, and where Lua starts in its code. */
export type FunctionHead = { readonly name: string; readonly bodyAt: number };

/** Whether libraries and functions can be called so. */
export function functionNameIsSound(name: string): boolean {
  return NAME.test(name);
}

/** Reads the first line; or says what is wrong with it. */
export function functionHead(code: Buffer): FunctionHead | string {
  if (code.toString('latin1', 0, 2) !== '#!') return 'Missing library metadata';
  const end = code.indexOf(LINE_END);
  if (end < 0) return INVALID;
  const words = wordsSplit(code.toString('latin1', 0, end));
  if (words === null || words.length === 0) return INVALID;
  const [engine, ...options] = words as [string, ...string[]];
  let name: string | null = null;
  for (const option of options) {
    if (!option.toLowerCase().startsWith('name=')) {
      return `Invalid metadata value given: ${option}`;
    }
    if (name !== null) return 'Invalid metadata value, name argument was given multiple times';
    name = option.slice('name='.length);
  }
  if (name === null) return 'Library name was not given';
  if (!functionNameIsSound(name)) return BAD_NAME;
  const asked = engine.slice('#!'.length);
  if (asked.toLowerCase() !== 'lua') return `Engine '${asked}' not found`;
  return { name, bodyAt: end };
}
