/**
 * A dialect writes requests of a protocol and judges the replies. Both are told the kind of request and the key's
 * number, from which everything else follows.
 */
import type { LoadKind } from '../plan.ts';

/** What a reply is. */
export const VERDICT = {
  /** It has not come whole. */
  incomplete: 0,
  /** As it should be, and nothing more to say. */
  right: 1,
  hit: 2,
  miss: 3,
  /** The server says that it cannot, or will not. */
  refused: 4,
  /** No answer to what was asked. */
  wrong: 5,
  /** Nothing of this protocol: where the next reply begins nobody knows. */
  broken: 6,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** How far a reply that comes in pieces was looked through; each connection keeps one. */
export interface ReplyScan {
  /** From the reply's start. */
  offset: number;
  /** Elements still to come. */
  elementsLeft: number;
}

export const VERB = { set: 0, get: 1, other: 2 } as const;
export type Verb = (typeof VERB)[keyof typeof VERB];

/** Letters of a reply that are kept to be told. */
export const PROBLEM_CHARS_MAX = 200;

export interface Dialect {
  /** Of any request. */
  readonly requestBytesMax: number;
  /** Just past the reply that was judged last, unless that was incomplete or broken. */
  replyEnd: number;
  /** What was refused, wrong or broken about it, as people read it. */
  problem: string;
  /** Writes a request; returns the offset just past it. */
  requestWrite(target: Buffer, at: number, kind: number, keyId: number): number;
  /** Judges the reply in bytes[at, end). */
  replyJudge(
    bytes: Buffer,
    at: number,
    end: number,
    kind: number,
    keyId: number,
    scan: ReplyScan,
  ): Verdict;
}

export function verbsOf(kinds: readonly LoadKind[]): Uint8Array {
  return Uint8Array.from(kinds, ({ verb }) => VERB[verb]);
}

/** Whether bytes[at, end) begins with these. */
export function bytesBegin(bytes: Buffer, at: number, end: number, expected: Buffer): boolean {
  const { length } = expected;
  if (end - at < length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** A piece of a reply in one line, for people. */
export function problemText(bytes: Buffer, at: number, end: number): string {
  const text = bytes.toString('latin1', at, Math.min(end, at + PROBLEM_CHARS_MAX));
  return text.trimEnd().replaceAll(/[^ -~]/g, '?');
}
