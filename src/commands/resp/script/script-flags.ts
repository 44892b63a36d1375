/**
 * What a script says of itself in its first line: `#!lua flags=no-writes,allow-oom`.
 *
 * A script without that line is run as ever: whatever commands may be refused is refused to each command.
 *
 * Spec: Redis, "Lua scripts: script flags". Texts: valkey-io/valkey src/eval.c.
 */
import { wordsSplit } from '../../../base/word-split.ts';
import { FLAG } from '../row.ts';

export const SCRIPT_FLAG = {
  NO_WRITES: 1 << 0,
  ALLOW_OOM: 1 << 1,
  ALLOW_STALE: 1 << 2,
  NO_CLUSTER: 1 << 3,
  ALLOW_CROSS_SLOT_KEYS: 1 << 4,
  /** There is no such line. */
  COMPATIBLE: 1 << 5,
} as const;

/** The flags by the names that scripts give them. */
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['no-writes', SCRIPT_FLAG.NO_WRITES],
  ['allow-oom', SCRIPT_FLAG.ALLOW_OOM],
  ['allow-stale', SCRIPT_FLAG.ALLOW_STALE],
  ['no-cluster', SCRIPT_FLAG.NO_CLUSTER],
  ['allow-cross-slot-keys', SCRIPT_FLAG.ALLOW_CROSS_SLOT_KEYS],
]);

/** The flag of that name; 0: there is none. */
export function scriptFlag(name: string): number {
  return FLAGS.get(name) ?? 0;
}

/** The names of all flags that are set. */
export function scriptFlagNames(flags: number): string[] {
  return [...FLAGS].filter(([, flag]) => flags & flag).map(([name]) => name);
}

/** The flags of a script, and how many bytes of it are no Lua; or what is wrong with them. */
export type ScriptHead = { readonly flags: number; readonly bytes: number } | string;

const LINE_END = 0x0a;

export function scriptHead(text: Buffer): ScriptHead {
  if (text[0] !== 0x23 || text[1] !== 0x21) return { flags: SCRIPT_FLAG.COMPATIBLE, bytes: 0 };
  const end = text.indexOf(LINE_END);
  if (end < 0) return 'ERR Invalid script shebang';
  const words = wordsSplit(text.toString('latin1', 0, end));
  if (words === null || words.length === 0) return 'ERR Invalid engine in script shebang';
  const [engine, ...options] = words;
  if (engine !== '#!lua') return `ERR Unexpected engine in script shebang: ${engine}`;
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith('flags=')) return `ERR Unknown lua shebang option: ${option}`;
    for (const name of option.slice(6).split(',')) {
      const flag = scriptFlag(name);
      if (flag === 0 && name !== '') return `ERR Unexpected flag in script shebang: ${name}`;
      flags |= flag;
    }
  }
  return { flags, bytes: end };
}

/** What of a command's flags a script decides that says what it needs. */
const DECIDED = FLAG.STALE | FLAG.DENY_OOM | FLAG.WRITE | FLAG.MAY_REPLICATE;

/** FLAG bits of a command that runs a script of these flags, in the place of its own. */
export function scriptRunFlags(commandFlags: number, scriptFlags: number): number {
  if (scriptFlags & SCRIPT_FLAG.COMPATIBLE) return commandFlags;
  let flags = commandFlags & ~DECIDED;
  if ((scriptFlags & SCRIPT_FLAG.NO_WRITES) === 0) {
    flags |= FLAG.WRITE;
    if ((scriptFlags & SCRIPT_FLAG.ALLOW_OOM) === 0) flags |= FLAG.DENY_OOM;
  }
  if (scriptFlags & SCRIPT_FLAG.ALLOW_STALE) flags |= FLAG.STALE;
  return flags;
}
