/**
 * What the settings say of encodings, told to the engine: up to what size clients are told that a
 * collection has a compact one, and how much of a stream lies together.
 */
import type { HotSettings } from '../../config/resp-config.ts';
import { hashEncoding } from '../../engine/types/hash.ts';
import { setEncoding } from '../../engine/types/set.ts';
import { blockLimits } from '../../engine/types/stream-append.ts';
import { zsetEncoding } from '../../engine/types/zset.ts';

/** Has this thread's engine follow its settings. */
export function encodingsFollow(hot: HotSettings): void {
  hashEncoding.entriesMax = hot.hashMaxListpackEntries;
  hashEncoding.valueBytesMax = hot.hashMaxListpackValue;
  setEncoding.intsetEntriesMax = hot.setMaxIntsetEntries;
  setEncoding.listpackEntriesMax = hot.setMaxListpackEntries;
  setEncoding.listpackValueMax = hot.setMaxListpackValue;
  blockLimits.bytesMax = hot.streamNodeMaxBytes;
  blockLimits.entriesMax = hot.streamNodeMaxEntries;
  zsetEncoding.entriesMax = hot.zsetMaxListpackEntries;
  zsetEncoding.nameBytesMax = hot.zsetMaxListpackValue;
}
