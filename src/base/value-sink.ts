/**
 * How a value of any type is told, element by element: by the engine to the encoder of DUMP, by the
 * decoder of RESTORE to the engine, and by the engine to itself for COPY. Neither end knows the other.
 *
 *   begin  string                                                  end
 *   begin  string string string …   list elements, set members     end
 *   begin  string score string score …   a sorted set              end
 *   begin  [expiry] string string  [expiry] string string …        end   hash: field and value
 *   streamBegin  …                                                 end   a stream: stream-sink.ts
 *
 * Each call says whether to go on. After a false nothing more is told, not even the end, and the sink
 * is what knows why.
 */

import type { StreamSink } from './stream-sink.ts';

/** The numbers are those of an item's type. */
export const VALUE_KIND = { STRING: 0, LIST: 1, SET: 2, ZSET: 3, HASH: 4 } as const;
export type ValueKind = (typeof VALUE_KIND)[keyof typeof VALUE_KIND];

export interface ValueSink {
  /** A value of `count` elements, members or fields; at least one. A string counts as one. */
  valueBegin(kind: ValueKind, count: number): boolean;
  /** The hash field told next expires then: Unix time in milliseconds, at least 1. */
  valueExpiry(atMs: number): boolean;
  /** source[start, start + bytes), which is good for this call only. */
  valueString(source: Buffer, start: number, bytes: number): boolean;
  /** The score of the member just told; never NaN. */
  valueScore(score: number): boolean;
  /**
   * A stream begins, which may have no entries. Returns who is told of it; null: it had enough. A sink that
   * has no such method is never told a stream.
   */
  streamBegin?(): StreamSink | null;
  /** That was all of it. */
  valueEnd(): boolean;
}
