/**
 * The nodes of a stream's consumer groups.
 *
 *   root ──groupsRef──▶ groups ──▶ group ──▶ consumer           by name, through directories
 *                                    │          │
 *                                    ▼          ▼
 *                                 pending    pending            by id: stream-pending.ts
 *
 *   groups    word 0      1         2
 *             ┌──────────┬─────────┬───────────┐
 *             │ meta     │ rootRef │ directory │
 *             └──────────┴─────────┴───────────┘
 *
 *   group     word 0      1         2           3       4        8              10        14          18
 *             ┌──────────┬─────────┬───────────┬───────┬────────┬──────────────┬─────────┬───────────┬──────
 *             │ meta     │ rootRef │ nameBytes │ spare │ lastId │ entriesRead  │ pending │ directory │ name
 *             └──────────┴─────────┴───────────┴───────┴────────┴──────────────┴─────────┴───────────┴──────
 *                                                       4 words  hi, lo         a tree    a tree
 *
 *   consumer  word 0      1         2           3          4        6          8         12
 *             ┌──────────┬─────────┬───────────┬──────────┬────────┬──────────┬─────────┬──────
 *             │ meta     │ rootRef │ nameBytes │ groupRef │ seenMs │ activeMs │ pending │ name
 *             └──────────┴─────────┴───────────┴──────────┴────────┴──────────┴─────────┴──────
 *                                                          f64      f64        a tree
 *
 * `lastId` is that of the last entry that was delivered, or what XGROUP SETID made of it. `entriesRead` is how
 * many had been added to the stream up to that one, -1 if nobody knows; it has 64 bits, as it can be set
 * to any number. `seenMs` is when the consumer last asked for entries, and `activeMs` when it last got some; -1: never.
 *
 * A **directory** is an id tree (stream-pending-tree.ts) of hashes and refs: the id of a node is
 * `hash 0 0 ref`. So names that meet in their hash stand side by side, and are told apart by comparing them.
 *
 * None of these nodes ever moves: records of what is pending name their consumer by its ref.
 *
 * Guard: the partition lock.
 */
import { hashWords, type Key, keyEquals } from '../../base/key.ts';
import { StreamId } from '../../base/stream-id.ts';
import { NODE_TYPE, nodeRoot, nodeType, rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import {
  ID_TREE,
  ID_WORDS,
  IdPlace,
  idAt,
  idFirst,
  idLastAt,
  idNext,
  idSeek,
  idSettle,
  idTreeCount,
} from './stream-pending-tree.ts';
import { idRemove } from './stream-pending-tree-change.ts';

/** Words of the nodes, as i32 indices from `ref << 1`. */
export const GROUPS = { directory: 2, words: 2 + ID_TREE.words } as const;
export const GROUP = {
  nameBytes: 2,
  lastId: 4,
  readHi: 8,
  readLo: 9,
  pending: 10,
  directory: 14,
  name: 18,
} as const;
export const CONSUMER = { nameBytes: 2, groupRef: 3, pending: 8, name: 12 } as const;
/** f64 indices from `ref`. */
export const CONSUMER_F64 = { seenMs: 2, activeMs: 3 } as const;
/** Of a consumer that has never got an entry. */
export const NEVER_MS = -1;

/** What a directory is asked for. */
const wanted = new StreamId();
const place = new IdPlace();

// ── Nodes ───────────────────────────────────────────────────────────────────────────────────────

/** Frees a node of one of these types, whose trees are empty. */
export function groupNodeFree(p: Partition, ref: number): void {
  rootBytesAdd(p, nodeRoot(p, ref), -groupNodeBytes(p, ref));
  chunkGive(p, ref);
}

/** Bytes that a node of one of these types has asked for. */
export function groupNodeBytes(p: Partition, ref: number): number {
  const type = nodeType(p, ref);
  if (type === NODE_TYPE.GROUPS) return GROUPS.words << 2;
  return ((type === NODE_TYPE.GROUP ? GROUP.name : CONSUMER.name) << 2) + nameBytes(p, ref);
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────

/** Bytes of the name of a group or consumer. */
export function nameBytes(p: Partition, ref: number): number {
  return p.i32[(ref << 1) + GROUP.nameBytes];
}

/** Byte offset of the name. */
export function nameOffset(p: Partition, ref: number): number {
  return nameWord(p, ref) << 2;
}

/** i32 index of the name. */
export function nameWord(p: Partition, ref: number): number {
  const isGroup = nodeType(p, ref) === NODE_TYPE.GROUP;
  return (ref << 1) + (isGroup ? GROUP.name : CONSUMER.name);
}

function nameEquals(p: Partition, ref: number, name: Key): boolean {
  return nameBytes(p, ref) === name.bytes && keyEquals(name, p.i32, nameWord(p, ref));
}

// ── Directories ─────────────────────────────────────────────────────────────────────────────────

/** i32 index of the directory of groups. */
export function groupsDirectory(groups: number): number {
  return (groups << 1) + GROUPS.directory;
}

/** i32 index of a group's directory of consumers. */
export function groupDirectory(group: number): number {
  return (group << 1) + GROUP.directory;
}

/** The node of this name, or 0. */
export function directoryFind(p: Partition, directory: number, name: Key): number {
  wanted.msHi = name.hash;
  wanted.seqLo = 0;
  idSeek(p, directory, wanted, place);
  while (idSettle(p, place)) {
    const at = idAt(p, place);
    if (p.i32[at] !== name.hash) return 0;
    const ref = p.i32[at + ID_WORDS - 1];
    if (nameEquals(p, ref, name)) return ref;
    place.slot++;
  }
  return 0;
}

/** Takes a node out. */
export function directoryRemove(p: Partition, directory: number, ref: number): void {
  directoryId(p, ref, wanted);
  if (idSeek(p, directory, wanted, place)) idRemove(p, directory, place);
}

/** The id of a node in its directory. */
export function directoryId(p: Partition, ref: number, to: StreamId): void {
  to.msHi = hashWords(p.i32, nameWord(p, ref), nameBytes(p, ref));
  to.seqLo = ref;
}

/** The node that a directory has last, or 0. */
export function directoryLast(p: Partition, directory: number): number {
  return idTreeCount(p, directory) === 0 ? 0 : p.i32[idLastAt(p, directory) + ID_WORDS - 1];
}

/** All nodes of a directory, by their hashes. */
export function directoryRefs(p: Partition, directory: number): number[] {
  const refs: number[] = [];
  for (let isThere = idFirst(p, directory, place); isThere; isThere = idNext(p, place)) {
    refs.push(p.i32[idAt(p, place) + ID_WORDS - 1]);
  }
  return refs;
}

/** All nodes of a directory, in the order of their names. */
export function directorySorted(p: Partition, directory: number): number[] {
  const named = directoryRefs(p, directory).map((ref) => {
    const start = nameOffset(p, ref);
    return { ref, name: p.u8.subarray(start, start + nameBytes(p, ref)) };
  });
  return named.sort((a, b) => a.name.compare(b.name)).map(({ ref }) => ref);
}
