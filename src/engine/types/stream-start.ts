/**
 * A stream begins: its root, which stream-root.ts draws.
 *
 * Guard: the partition lock.
 */
import { rootStreamSet } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { rootCreate } from '../collection/root.ts';
import { STREAM_ROOT, STREAM_ROOT_BYTES, STREAM_ROOT_WORDS } from './stream-root.ts';

/** The root of an empty stream without a tree; 0 without memory. */
export function streamRootCreate(p: Partition, nowMs: number): number {
  const ref = rootCreate(p, nowMs, STREAM_ROOT_BYTES);
  if (ref === 0) return 0;
  rootStreamSet(p, ref);
  const word = ref << 1;
  p.i32.fill(0, word + STREAM_ROOT.lastId, word + STREAM_ROOT_WORDS);
  return ref;
}
