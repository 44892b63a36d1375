/**
 * When an item was used, and how much: the low 20 bits of its fourth word (item.ts). They say one of two things, by
 * the policy of eviction:
 *
 *   bit   19                        8 7              0
 *        ┌─────────────────────────────────────────────┐
 *        │ seconds, modulo 2^20 (12 days)              │  by recency: what there is but under an LFU policy
 *        ├──────────────────────────┬──────────────────┤
 *        │ minutes, modulo 2^12     │ uses             │  by frequency
 *        └──────────────────────────┴──────────────────┘
 *
 * `uses` is Redis's counter: a new item has 5; a use counts the less likely, the more there are; and so many
 * minutes without one (lfu-decay-time) take one off. `minutes` says up to when that was done. After 68 hours
 * without a use it has gone round, and an item may seem to have more uses than it has.
 *
 * When the policy changes from one kind to the other the bits are read as what they are not, until the item is used.
 *
 * Guard: the partition lock. Cf. valkey-io/valkey src/evict.c.
 */
import { HEADER, type Partition } from './partition.ts';

/** All bits, in the word. */
export const ACCESS_MASK = (1 << 20) - 1;
const MINUTE_SHIFT = 8;
const MINUTE_MASK = (1 << 12) - 1;
export const USES_MAX = 255;
/** What a new item has, so that it does not go at once. */
const USES_FIRST = 5;
const ACCESS_WORD = 3;

/** Whether uses are counted, rather than the time noted to the second. */
export function usesAreCounted(p: Partition): boolean {
  return p.i32[HEADER.usesLogFactor] !== 0;
}

/** From now on uses are counted so; `logFactor` -1: not at all. */
export function usesCountSet(p: Partition, logFactor: number, decayMinutes: number): void {
  p.i32[HEADER.usesLogFactor] = logFactor + 1;
  p.i32[HEADER.usesDecayMinutes] = decayMinutes;
}

/** A new item: it is as if used now. */
export function itemAccessBegin(p: Partition, ref: number, nowSec: number): void {
  itemAccessWrite(p, ref, usesAreCounted(p) ? usesField(nowSec, USES_FIRST) : nowSec);
}

/** An item takes over from another, and is used now. */
export function itemAccessTake(p: Partition, ref: number, from: number, nowSec: number): void {
  itemAccessCopy(p, ref, p, from);
  itemAccessedSecSet(p, ref, nowSec);
}

/** An item is what another was, which may be in another partition. */
export function itemAccessCopy(p: Partition, ref: number, from: Partition, old: number): void {
  itemAccessWrite(p, ref, from.i32[(old << 1) + ACCESS_WORD]);
}

/** Notes when the item was used. That is no use more. */
export function itemAccessedSecSet(p: Partition, ref: number, nowSec: number): void {
  const counted = usesAreCounted(p);
  itemAccessWrite(p, ref, counted ? usesField(nowSec, itemUses(p, ref, nowSec)) : nowSec);
}

/** Notes a use. Writes only what changes. */
export function itemAccessNote(p: Partition, ref: number, nowSec: number): void {
  const word = (ref << 1) + ACCESS_WORD;
  const before = p.i32[word];
  const field = usesAreCounted(p) ? usesField(nowSec, usesRaised(p, ref, nowSec)) : nowSec;
  const fresh = (before & ~ACCESS_MASK) | (field & ACCESS_MASK);
  if (before !== fresh) p.i32[word] = fresh;
}

/** Counts a write as a use, where uses are counted. */
export function itemUseCount(p: Partition, ref: number, nowSec: number): void {
  if (usesAreCounted(p)) itemAccessNote(p, ref, nowSec);
}

/** Seconds since the item was last used, modulo 2^20; where uses are counted, whole minutes. */
export function itemIdleSec(p: Partition, ref: number, nowSec: number): number {
  const field = p.i32[(ref << 1) + ACCESS_WORD];
  if (!usesAreCounted(p)) return (nowSec - field) & ACCESS_MASK;
  return minutesSince(field, nowSec) * 60;
}

/** How much the item is used, from 0 to USES_MAX, where that is counted. */
export function itemUses(p: Partition, ref: number, nowSec: number): number {
  const field = p.i32[(ref << 1) + ACCESS_WORD];
  const uses = field & USES_MAX;
  const decayMinutes = p.i32[HEADER.usesDecayMinutes];
  if (decayMinutes === 0) return uses;
  return Math.max(0, uses - Math.floor(minutesSince(field, nowSec) / decayMinutes));
}

export function itemUsesSet(p: Partition, ref: number, uses: number, nowSec: number): void {
  itemAccessWrite(p, ref, usesField(nowSec, uses));
}

/** One more, by chance: of what is used much not every use counts. */
function usesRaised(p: Partition, ref: number, nowSec: number): number {
  const uses = itemUses(p, ref, nowSec);
  if (uses === USES_MAX) return uses;
  const logFactor = p.i32[HEADER.usesLogFactor] - 1;
  const counts = Math.random() * (Math.max(0, uses - USES_FIRST) * logFactor + 1) < 1;
  return counts ? uses + 1 : uses;
}

function usesField(nowSec: number, uses: number): number {
  return (Math.floor(nowSec / 60) << MINUTE_SHIFT) | uses;
}

function minutesSince(field: number, nowSec: number): number {
  return (Math.floor(nowSec / 60) - (field >>> MINUTE_SHIFT)) & MINUTE_MASK;
}

function itemAccessWrite(p: Partition, ref: number, field: number): void {
  const word = (ref << 1) + ACCESS_WORD;
  p.i32[word] = (p.i32[word] & ~ACCESS_MASK) | (field & ACCESS_MASK);
}
