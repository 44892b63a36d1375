/**
 * lru tune, mode and temp_ttl. They steer memcached's LRU segments, and there are none here: items are
 * forgotten by a clock hand over memory (engine/eviction.ts). To answer OK would be to say that
 * something changed.
 * Spec: memcached/memcached doc/protocol.txt, "LRU Tuning".
 */
import { lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { answer, type Call } from './call.ts';
import type { TextRow } from './row.ts';

/** Words a line has at least, the first two included. */
const WORDS_MIN: ReadonlyMap<string, number> = new Map([
  ['tune', 6],
  ['mode', 3],
  ['temp_ttl', 3],
]);

// biome-ignore format: a table reads in columns
export const LRU_ROWS: readonly TextRow[] = [
  { name: 'lru', wordsMin: 1, run: lru, streams: false, doc: 'Refused: it tunes memcached\'s LRU segments, and there are none here.' },
];

function lru(call: Call): number {
  const { line, input } = call;
  const wordsMin = WORDS_MIN.get(lineWord(line, input, 1));
  const isKnown = wordsMin !== undefined && line.count >= wordsMin;
  answer(call, isKnown ? REPLY.lruNoSegments : REPLY.error);
  return line.next;
}
