/** What the hammering threads and their judge agree on. */
import type { ArenaHandles } from '../../src/memory/arena.ts';

export const COUNTERS = ['count:0', 'count:1', 'count:2'];
export const CAS_KEYS = ['cas:0', 'cas:1'];
export const LOG_KEY = 'log';
export const TOKENS = ['token:0', 'token:1'];
export const SMALL_KEYS = ['small:0', 'small:1', 'small:2', 'small:3'];
export const BIG_KEYS = ['big:0', 'big:1', 'big:2'];
export const LOG_RECORD_BYTES = 8;
export const LOG_RECORDS_MAX = 1500;

export type HammerStart = {
  readonly handles: ArenaHandles;
  /** 0, 1, …; thread `index` shows index + 2 in lock words. */
  readonly index: number;
  readonly operations: number;
  /** Whether keys may be evicted, so that nothing is exact but the bytes of each value. */
  readonly isTight: boolean;
};

/** What a thread did; all counts are of operations that succeeded. */
export type HammerReport = {
  readonly index: number;
  readonly added: number[];
  readonly swaps: number[];
  readonly logged: number;
  /** Tokens put there less tokens taken away. */
  readonly tokens: number[];
  readonly read: number;
  readonly problems: string[];
};

const HEAD_BYTES = 8;

/** A value that tells of itself how long it is and what it is made of. */
export function valueSealed(bytes: number, salt: number): Buffer {
  const value = Buffer.alloc(HEAD_BYTES + bytes, salt & 0xff);
  value.writeUInt32LE(value.length, 0);
  value.writeUInt32LE(salt, 4);
  return value;
}

/** What is wrong with a value that was sealed; '' if nothing is. */
export function sealFault(value: Buffer): string {
  if (value.length < HEAD_BYTES) return `of ${value.length} bytes`;
  const bytes = value.readUInt32LE(0);
  const salt = value.readUInt32LE(4);
  if (bytes !== value.length) return `of ${value.length} bytes says that it has ${bytes}`;
  return value.equals(valueSealed(bytes - HEAD_BYTES, salt)) ? '' : `of ${bytes} bytes is torn`;
}

/** A log record: which thread wrote it, and its number among that thread's. */
export function logRecord(index: number, sequence: number): string {
  return `${index}:${sequence}`.padEnd(LOG_RECORD_BYTES);
}
