/**
 * Client-side caching: clients keep what they have read, and are told when it changes.
 *
 *   reads k on thread A    its table: k, this client; counted where all threads see it      tracking-table.ts
 *   k changes anywhere     under the lock of k's partition: counted? then a record          memory/tracked-keys.ts
 *                          when the command is done: the bell, once until it is heard       bulletin.ts
 *   thread A hears         reads the records, looks into its table, tells its clients       invalidation.ts
 *
 * So a change costs nothing while nobody tracks, and the look at a count when it is of other keys. Expiry and
 * eviction, memcached's commands and the maintainer all pass the change log, and leave records as commands do.
 *
 * A client never sees a new value before the invalidation of the old one: the command of a client that tracks,
 * once it has the locks of its keys, reads the records of their partitions first, heard of or not, and what
 * they are about goes out before its reply. Nor does it get an invalidation before the reply with the value that
 * it is about: what comes while its command runs goes behind the reply, as what the command itself changes.
 *
 * Cf. valkey-io/valkey src/tracking.c.
 */
import { CHANGE, NOTE } from '../../../engine/change-log.ts';
import type { Keyspace } from '../../../engine/keyspace.ts';
import { CONTROL, GAUGE, gaugeSum } from '../../../memory/control.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../../memory/partition.ts';
import {
  type TrackedChange,
  trackedHead,
  trackedRead,
  trackedSort,
} from '../../../memory/tracked-keys.ts';
import { bulletinPost } from '../bulletin.ts';
import { keyTake, type RespCall } from '../call.ts';
import type { Command } from '../command.ts';
import { keysVisit } from '../command-keys.ts';
import { FLAG } from '../row.ts';
import { GATE, type RespSession } from '../session.ts';
import { Invalidation } from './invalidation.ts';
import { broadcastsSend, deliver, targetPush, trackingSend } from './tracking-delivery.ts';
import { type Outgoing, trackedKey, trackedName } from './tracking-table.ts';
import {
  MASK,
  maskCount,
  maskHas,
  maskHasOthers,
  maskSet,
  notesBegin,
  notesEnd,
} from './tracking-threads.ts';

/** Keys forgotten in one go when nobody is left who tracks. */
const FORGOTTEN_MAX = 50_000;
/** How often all rings are looked at in one go. */
const TURNS_MAX = 4;
/** They only run other commands, which count for themselves. */
const NOT_TRACKED = new Set(['eval_ro', 'evalsha_ro', 'fcall_ro']);
const NOTICE = { kind: 'tracked' } as const;

// ── Around the commands of a client that tracks; the locks of its keys are held ─────────────────

/** What has changed already goes out before the reply to the command. */
export function trackingBefore(call: RespCall): void {
  const { tracking } = call;
  const { hasChanged } = tracking;
  tracking.speaksFirst = true;
  tracking.hasChanged = false;
  heldRead(call);
  if (tracking.hasChanged) broadcastsSend(call);
  else tracking.hasChanged = hasChanged; // by earlier commands of the batch: it can wait for its end
  tracking.speaksFirst = false;
}

/** What the client has read is noted. */
export function trackingAfter(call: RespCall, { flags, row }: Command): void {
  const { session, tracking, args } = call;
  const asked = session.tracking;
  if (asked === null || asked.isBroadcast || (flags & FLAG.READONLY) === 0) return;
  const isNamed = (session.gate & GATE.CACHING) !== 0; // by CLIENT CACHING
  if ((asked.optsIn && !isNamed) || (asked.optsOut && isNamed)) return;
  if (NOT_TRACKED.has(row.name)) return;
  heldRead(call); // the command may have met what had expired
  keysVisit(row, args, (index) => {
    const p = keyTake(call, index);
    const key = args.source.toString('latin1', args.start[index], args.end[index]);
    tracking.remember(trackedName(session.namespace, key), p.id, call.op.key.hash, session.id);
  });
  limitKeep(call);
}

function heldRead(call: RespCall): void {
  const { keyspace, locks } = call;
  const changes: TrackedChange[] = [];
  let isWhole = true;
  for (const p of keyspace.partitions) {
    if (hasNews(call, p) && locks.holds(p)) isWhole = changesRead(call, p, changes) && isWhole;
  }
  changesTake(call, changes, isWhole);
}

// ── After changes ───────────────────────────────────────────────────────────────────────────────

/** This thread has changed tracked keys. A transaction is told of as one, when its locks are released. */
export function trackedTell(call: RespCall): void {
  const { keyspace, inTransaction, locks, tracking, server, bulletin } = call;
  if (inTransaction || locks.areHeld) return;
  keyspace.tracked.hasNews = false;
  const { i32 } = keyspace.control;
  if (maskHasOthers(keyspace.control, MASK.TRACKING, server.threadIndex)) {
    if (Atomics.exchange(i32, CONTROL.trackingBell, 1) === 0) bulletin.post(NOTICE);
  }
  if (tracking.isActive) ringsRead(call);
}

/** … outside of RESP's commands: who hears of it hears now. */
export function trackedTellNow(call: RespCall): void {
  trackedTell(call);
  trackingSend(call);
}

/** As trackedTell, for the main thread, which has no clients. */
export function trackedPost({ tracked, control }: Keyspace, bulletinName: string): void {
  if (!tracked.hasNews) return;
  tracked.hasNews = false;
  if (Atomics.exchange(control.i32, CONTROL.trackingBell, 1) === 0) {
    bulletinPost(control, bulletinName, [NOTICE]);
  }
}

/**
 * Reads all that is new. No locks are held, so something may come in where it has looked already: it looks again, or
 * what came after that would be told before it.
 */
function ringsRead(call: RespCall): void {
  const changes: TrackedChange[] = [];
  let isWhole = true;
  let count = -1;
  for (let turn = 0; turn < TURNS_MAX && count !== changes.length; turn++) {
    count = changes.length;
    for (const p of call.keyspace.partitions) {
      if (!hasNews(call, p)) continue;
      partitionLock(p);
      isWhole = changesRead(call, p, changes) && isWhole;
      partitionUnlock(p);
    }
  }
  changesTake(call, changes, isWhole);
}

function hasNews({ tracking }: RespCall, { tracked, id }: Partition): boolean {
  return trackedHead(tracked, id) !== tracking.positions[id];
}

/** The partition's lock is held. False: something was missed. */
function changesRead(
  { tracking }: RespCall,
  { tracked, id }: Partition,
  changes: TrackedChange[],
): boolean {
  const isWhole = trackedRead(tracked, id, tracking.positions[id], changes);
  tracking.positions[id] = trackedHead(tracked, id);
  return isWhole;
}

/** Does what is to be done about changes. If some were missed, any key may be among them. */
function changesTake(call: RespCall, changes: TrackedChange[], isWhole: boolean): void {
  const { tracking } = call;
  if (!isWhole) allTell(call);
  if (changes.length > 1) trackedSort(changes);
  for (const { kind, partition, namespace, client, name } of changes) {
    if (kind === CHANGE.FLUSH) {
      flushTake(call, partition, client);
      continue;
    }
    invalidate(call, trackedName(namespace, name), client);
    const isOwn = kind !== CHANGE.EXPIRE && kind !== CHANGE.EVICT;
    if (tracking.prefixes.size > 0) tracking.change(name, isOwn ? client : 0);
  }
  gaugesNote(call);
}

/** A flush goes from partition to partition: what was read meanwhile of those it came to later counts singly. */
function flushTake(call: RespCall, partition: number, flush: number): void {
  const { flushes } = call.tracking;
  const thread = flush >>> 24;
  if (flushes.get(thread) === flush) {
    for (const name of call.tracking.namesOf(partition)) invalidate(call, name, 0);
  } else {
    flushes.set(thread, flush);
    allTell(call);
  }
}

function allTell(call: RespCall): void {
  const { tracking } = call;
  const all = new Invalidation(null);
  for (const session of tracking.clients) deliver(call, session, all, 0);
  tracking.forget(tracking.keyCount);
}

/** Tells who has read the key. `client`: who changed it; 0: nobody. */
function invalidate(call: RespCall, name: string, client: number): void {
  const ids = call.tracking.take(name);
  if (ids.size === 0) return;
  const message = new Invalidation([trackedKey(name)]);
  for (const id of ids) {
    const session = call.sessions.get(id);
    const asked = session?.tracking ?? null;
    if (session === undefined || asked === null || asked.isBroadcast) continue;
    if (!asked.skipsOwn || id !== client) deliver(call, session, message, client);
  }
}

/** Holds the tables of all threads together to the limit: who has more than its share forgets the oldest keys. */
export function limitKeep(call: RespCall): void {
  const { tracking, keyspace } = call;
  const { control } = keyspace;
  gaugesNote(call);
  const { keyCountMax } = tracking;
  if (keyCountMax === 0) return;
  for (;;) {
    const total = gaugeSum(control, GAUGE.trackedKeys);
    if (total <= keyCountMax) return;
    const name = tracking.oldest();
    if (name === null || tracking.keyCount * maskCount(control, MASK.TRACKING) < total) {
      call.bulletin.post({ kind: 'trackedTooMany' });
      return;
    }
    invalidate(call, name, 0);
    gaugesNote(call);
  }
}

// ── Who tracks ──────────────────────────────────────────────────────────────────────────────────

/** The client has started to track, or has more prefixes than before. All locks are held, or none. */
export function trackingBegin(call: RespCall, session: RespSession): void {
  const { tracking, keyspace, server } = call;
  const { control } = keyspace;
  if (!tracking.isActive) {
    Atomics.store(control.i32, CONTROL.trackingBell, 0);
    notesBegin(call, MASK.TRACKING, NOTE.TRACKED);
    tracking.isActive = true;
  }
  tracking.clients.add(session);
  const asked = session.tracking;
  if (asked?.isBroadcast !== true) return;
  for (const prefix of asked.prefixes) tracking.prefixAdd(prefix, session);
  gaugesNote(call);
  if (!maskHas(control, MASK.BROADCAST, server.threadIndex)) {
    notesBegin(call, MASK.BROADCAST, NOTE.EVERY);
  }
}

/** The client tracks no more: it said so, or leaves. */
export function trackingEnd(call: RespCall, session: RespSession): void {
  const { tracking } = call;
  const asked = session.tracking;
  if (asked === null) return;
  for (const prefix of asked.prefixes) tracking.prefixRemove(prefix, session);
  tracking.clients.delete(session);
  session.tracking = null;
  session.gate &= ~GATE.CACHING;
  gaugesNote(call);
}

/** Now and then: nobody need leave records when nobody is left who would read them. No locks are held. */
export function trackingRest(call: RespCall): void {
  const { tracking, keyspace, server } = call;
  if (!tracking.isActive) return;
  const { control } = keyspace;
  ringsRead(call);
  trackingSend(call);
  limitKeep(call);
  if (tracking.prefixes.size === 0 && maskHas(control, MASK.BROADCAST, server.threadIndex)) {
    notesEnd(call, MASK.BROADCAST, NOTE.EVERY);
  }
  if (tracking.clients.size > 0) return;
  tracking.forget(FORGOTTEN_MAX);
  gaugesNote(call);
  if (tracking.keyCount > 0) return;
  tracking.isActive = false;
  notesEnd(call, MASK.TRACKING, NOTE.TRACKED);
}

/** What others have changed, if the bell has rung: its clients are told. No locks are held. */
export function trackedHear(call: RespCall): void {
  const { tracking, keyspace } = call;
  if (!tracking.isRung) return;
  tracking.isRung = false;
  // First: whoever changes something from here on rings again.
  Atomics.store(keyspace.control.i32, CONTROL.trackingBell, 0);
  if (!tracking.isActive) return;
  ringsRead(call);
  trackingSend(call);
}

/** Has this thread hear of keys that others change, and of what its clients are to be told for those of others. */
export function trackingListen(call: RespCall): void {
  const { bulletin, keyspace, server } = call;
  const { control } = keyspace;
  // A thread that died has left them as they were.
  maskSet(control, MASK.TRACKING, server.threadIndex, false);
  maskSet(control, MASK.BROADCAST, server.threadIndex, false);
  gaugesNote(call);
  bulletin.on('tracked', () => {
    // Notices come under locks as well, so it is looked at when there are none.
    if (!call.tracking.isRung) queueMicrotask(() => trackedHear(call));
    call.tracking.isRung = true;
  });
  bulletin.on('invalidations', (notice) => {
    for (const { to, keys } of notice['list'] as readonly Outgoing[]) {
      const target = call.sessions.get(to);
      if (target !== undefined) targetPush(call, target, new Invalidation(keys));
    }
  });
  bulletin.on('trackedTooMany', () => {
    if (!call.tracking.isActive) return;
    limitKeep(call);
    trackingSend(call);
  });
}

function gaugesNote({ tracking, counters, block }: RespCall): void {
  counters[block + GAUGE.trackedKeys] = tracking.keyCount;
  counters[block + GAUGE.trackedItems] = tracking.itemCount;
  counters[block + GAUGE.trackedPrefixes] = tracking.prefixes.size;
}
