/**
 * The eviction policy: which items may go when memory is full, and which of them first. The names are
 * Redis's (maxmemory-policy). LRU is the hand's own order, in which recency and frequency both count (hand.ts);
 * under LFU uses are counted as Redis does it (memory/item-access.ts), in the place of the time of the last one.
 *
 *   noeviction           nothing: what needs memory is refused
 *   allkeys-lru          any; the unused first
 *   allkeys-lfu          any; of those that the hand meets, the one that is used least
 *   allkeys-random       any; used or not
 *   volatile-lru         what has an expiry time; the unused first
 *   volatile-lfu         what has an expiry time; of those that the hand meets, the one that is used least
 *   volatile-random      what has an expiry time; used or not
 *   volatile-ttl         what has an expiry time; of those that the hand meets, the one that expires first
 *
 * It stands in the header of each partition, which is asked under the lock that is held anyway.
 *
 * Guard: the partition lock.
 */
import { DATABASE_COUNT } from '../base/key.ts';
import { itemExpiresAtMs } from '../memory/item.ts';
import { usesAreCounted, usesCountSet } from '../memory/item-access.ts';
import { pageExpiresAtMinMs } from '../memory/page-times.ts';
import { HEADER, type Partition, partitionLock, partitionUnlock } from '../memory/partition.ts';
import type { Keyspace } from './keyspace.ts';

export const EVICTION_POLICY = {
  NOEVICTION: 0,
  ALLKEYS_LRU: 1,
  ALLKEYS_LFU: 2,
  ALLKEYS_RANDOM: 3,
  VOLATILE_LRU: 4,
  VOLATILE_LFU: 5,
  VOLATILE_RANDOM: 6,
  VOLATILE_TTL: 7,
} as const;
export type EvictionPolicy = (typeof EVICTION_POLICY)[keyof typeof EVICTION_POLICY];

/** By policy, as configuration files have it. */
export const EVICTION_POLICY_NAMES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const;

/** The policy that a word stands for. */
export function policyOf(word: number): EvictionPolicy {
  for (const policy of Object.values(EVICTION_POLICY)) if (policy === word) return policy;
  return EVICTION_POLICY.NOEVICTION;
}

/** Whether the policy lets a key's item go. */
export function policyAdmits(p: Partition, ref: number): boolean {
  return policyIsVolatile(p) ? itemExpiresAtMs(p, ref) !== 0 : p.evicts;
}

/** Whether there is anything that the policy would let go. */
export function policyHasPrey(p: Partition): boolean {
  return policyPreyCount(p) > 0;
}

/** How many keys the policy would let go. */
export function policyPreyCount(p: Partition): number {
  if (!policyIsVolatile(p)) return p.evicts ? Number.POSITIVE_INFINITY : 0;
  let count = 0;
  for (let database = 0; database < DATABASE_COUNT; database++) {
    count += p.i32[HEADER.databaseExpiring + database];
  }
  return count;
}

/**
 * Whether no item of the page may go since none in it expires, nor was flushed. Parts of others may be in it.
 */
export function policyPassesOver(p: Partition, page: number): boolean {
  if (!policyIsVolatile(p)) return false;
  return pageExpiresAtMinMs(p, page) === 0 && p.i32[HEADER.flushSweepPages] === 0;
}

/** Whether only what expires may go. */
export function policyIsVolatile(p: Partition): boolean {
  return p.i32[HEADER.evictionPolicy] >= EVICTION_POLICY.VOLATILE_LRU;
}

/** Whether it does not matter to the policy if an item is used. */
export function policyIsBlind(p: Partition): boolean {
  const policy = p.i32[HEADER.evictionPolicy];
  return policy === EVICTION_POLICY.ALLKEYS_RANDOM || policy === EVICTION_POLICY.VOLATILE_RANDOM;
}

export function policyIsByTtl(p: Partition): boolean {
  return p.i32[HEADER.evictionPolicy] === EVICTION_POLICY.VOLATILE_TTL;
}

/** How uses are counted, under a policy that goes by them. */
export type UseCounting = { readonly logFactor: number; readonly decayMinutes: number };
const USE_COUNTING: UseCounting = { logFactor: 10, decayMinutes: 1 };

/** Changes the policy, from the next allocation on. */
export function keyspacePolicySet(
  keyspace: Keyspace,
  policy: EvictionPolicy,
  counting: UseCounting = USE_COUNTING,
): void {
  const logFactor = policyIsLfu(policy) ? counting.logFactor : -1;
  for (const p of keyspace.partitions) {
    partitionLock(p);
    p.i32[HEADER.evictionPolicy] = policy;
    usesCountSet(p, logFactor, counting.decayMinutes);
    partitionUnlock(p);
  }
}

/** Whether the policy goes by how much items are used, rather than by how long ago. */
function policyIsLfu(policy: EvictionPolicy): boolean {
  return policy === EVICTION_POLICY.ALLKEYS_LFU || policy === EVICTION_POLICY.VOLATILE_LFU;
}

/** Whether the hand compares some of those that it meets, and takes none of them at sight. */
export function policyCompares(p: Partition): boolean {
  return policyIsByTtl(p) || usesAreCounted(p);
}

export function keyspacePolicy(keyspace: Keyspace): EvictionPolicy {
  return policyOf(keyspace.partitions[0].i32[HEADER.evictionPolicy]);
}
