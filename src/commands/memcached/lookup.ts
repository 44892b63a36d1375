/** The lookup behind get and gat, whichever protocol asks. */

import { DEATH } from '../../engine/lifecycle.ts';
import { itemFind, itemRead, itemTouch } from '../../engine/types/string.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import { type ConfigEntry, configGet } from '../../memory/config-store.ts';
import { COUNTER } from '../../memory/control.ts';
import { ITEM_TYPE, itemNoteUse, itemType } from '../../memory/item.ts';
import { keyAsked } from '../../memory/key-tap.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { CLUSTER_KEY, LEGACY_KEY } from '../../protocol/memcached/cluster-config.ts';
import { wordIs } from '../../protocol/memcached/line.ts';
import type { Call } from './call.ts';
import { detailGet } from './stats-detail.ts';

/** The key is there, with a value of a type that memcached lacks. */
export const LOOKUP_WRONG_TYPE = -1;

/**
 * Finds op's key, which lies at input[keyStart, …), and counts. `touches` gives it op's expiry time.
 * Returns the item's ref, 0 for a miss, or LOOKUP_WRONG_TYPE.
 * Guard: the lock of the key's partition.
 */
export function keyLookup(call: Call, p: Partition, keyStart: number, touches: boolean): number {
  const { op, counters, block, keyspace } = call;
  keyAsked(keyspace.keyTap, p.id, op.key);
  // To the counters a gat is a touch, and no get.
  counters[block + (touches ? COUNTER.touchCommands : COUNTER.getCommands)]++;
  const ref = touches ? itemFind(p, op) : itemRead(p, op);
  if (call.countsPrefixes) detailGet(call, keyStart, op.key.bytes, ref !== 0);
  if (ref === 0) {
    counters[block + (touches ? COUNTER.touchMisses : COUNTER.getMisses)]++;
    deathCount(call);
    return 0;
  }
  if (itemType(p, ref) !== ITEM_TYPE.STRING) return LOOKUP_WRONG_TYPE;
  return touches ? keyTouch(call, p, ref) : ref;
}

/** Counts why a key was missed, if its item was there but dead. */
export function deathCount({ op, counters, block }: Call): void {
  if (op.deathFound === DEATH.EXPIRED) counters[block + COUNTER.getExpired]++;
  else if (op.deathFound === DEATH.FLUSHED) counters[block + COUNTER.getFlushed]++;
}

/** The touch of a live item that is read as well. Returns its ref, which may be new. */
function keyTouch(call: Call, p: Partition, ref: number): number {
  const { op } = call;
  itemNoteUse(p, ref, op.nowSec);
  classCount(p, chunkClass(p, ref), CLASS_TOTAL.touchHits);
  const touched = itemTouch(p, op, ref);
  // Without memory for the new time the old one stays; the value is still the answer.
  return touched === 0 ? ref : touched;
}

/**
 * What the missed key at input[keyStart, …) stands for, if it is the one by which clients asked for the
 * cluster's nodes before there was `config get`; else null. To the counters it stays a miss.
 * Call it without a lock.
 */
export function legacyLookup(call: Call, keyStart: number, keyBytes: number): ConfigEntry | null {
  if (!wordIs(call.input, keyStart, keyStart + keyBytes, LEGACY_KEY)) return null;
  return configGet(call.keyspace.configs, CLUSTER_KEY);
}
