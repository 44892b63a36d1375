/**
 * The lock of a partition, of the config store and of RESP's users: one Int32 word that holds its owner.
 *
 *   0                       free
 *   threadId + 1            held, nobody sleeps
 *   (threadId + 1) | WAIT   held, and at least one thread may sleep on the word
 *
 * There is no try/finally around a lock: code that throws inside one is broken, and so may be what it
 * was changing. The lock stays taken, the thread dies, and the supervisor looks the partition over
 * before anybody else enters it.
 *
 * Lock order, for the whole project: that of the users, then partitions by ascending id, nothing after
 * them. The config store's lock is taken alone.
 * Inside a lock: no await, no I/O, no callback, no unbounded loop.
 *
 * A thread that finds the word taken spins briefly (a holder works for a microsecond or two), then
 * marks the word and sleeps with a timeout, so that a lost wake-up costs milliseconds and not the
 * thread. The owner's id in the word lets the supervisor find what a dead thread held.
 *
 * A script may hold a lock for as long as it likes. So a thread that waits for long has its `waiter` called now
 * and then, which does what cannot wait that long, or has it give up, where it can.
 *
 * Behind the word, on its cache line, stands how often a thread found it taken, and how often one had to
 * sleep. Whoever got it the slow way adds to them while it holds it, so they cost the quick way nothing.
 *
 *   ┌──────┬─────────┬───────────┬───────────┬───────────┬───────────┐
 *   │ lock │ 3 words │ contended │ contended │ sleeps    │ sleeps    │   i32 from the lock's word on;
 *   │      │ spare   │ low word  │ high word │ low word  │ high word │   what owns a lock leaves room for all
 *   └──────┴─────────┴───────────┴───────────┴───────────┴───────────┘
 *
 * The scheme is the three-state mutex of Drepper, "Futexes are tricky" (2011), section 5.
 */

/** Words of a lock, its own among them; and where its counts are. */
export const LOCK_WORDS = 8;
export const LOCK_COUNT = { contended: 4, sleeps: 6 } as const;
export type LockCount = (typeof LOCK_COUNT)[keyof typeof LOCK_COUNT];

const WAIT = 0x8000;
const OWNER_MASK = WAIT - 1;
const SPIN_COUNT_MAX = 200;
const SLEEP_MS = 2;
/** Sleeps between two calls of the waiter. */
const SLEEPS_EACH = 8;

/** Called by a thread that waits; true: it gives up, which it does only if it `may`. */
export type LockWaiter = (may: boolean) => boolean;
/** How a wait ended. */
export const WAITED = { HAS: 0, GAVE_UP: 1, YIELDS: 2 } as const;
export type Waited = (typeof WAITED)[keyof typeof WAITED];
const GAVE_UP = -1;
const YIELDS = -2;
/** This thread's. */
let waiter: LockWaiter | null = null;

export function lockWaiterSet(set: LockWaiter | null): void {
  waiter = set;
}

/** Takes the lock at `word` for `owner` (threadId + 1); returns when it is held. */
export function lockTake(words: Int32Array, word: number, owner: number): void {
  if (Atomics.compareExchange(words, word, 0, owner) !== 0) lockTakeSlow(words, word, owner, false);
}

/** As lockTake, unless the waiter has it give up: false. */
export function lockTakeUnless(words: Int32Array, word: number, owner: number): boolean {
  if (Atomics.compareExchange(words, word, 0, owner) === 0) return true;
  return lockTakeSlow(words, word, owner, true);
}

/**
 * As either, for who holds other locks and can give them back: also returns without the lock, as WAITED.YIELDS, when
 * the word at `strays` is not 0 (locks.ts).
 */
export function lockTakeYielding(
  words: Int32Array,
  word: number,
  owner: number,
  may: boolean,
  strays: Int32Array,
): Waited {
  if (Atomics.compareExchange(words, word, 0, owner) === 0) return WAITED.HAS;
  const sleeps = lockWait(words, word, owner, may, strays);
  if (sleeps < 0) return sleeps === GAVE_UP ? WAITED.GAVE_UP : WAITED.YIELDS;
  lockCountWait(words, word, sleeps);
  return WAITED.HAS;
}

/** How often a thread had to wait for the lock, or to sleep for it. */
export function lockCount(words: Int32Array, word: number, count: LockCount): number {
  const at = word + count;
  return (words[at + 1] >>> 0) * 2 ** 32 + (words[at] >>> 0);
}

function lockTakeSlow(words: Int32Array, word: number, owner: number, may: boolean): boolean {
  const sleeps = lockWait(words, word, owner, may, null);
  if (sleeps < 0) return false;
  lockCountWait(words, word, sleeps);
  return true;
}

function lockCountWait(words: Int32Array, word: number, sleeps: number): void {
  countAdd(words, word + LOCK_COUNT.contended, 1);
  countAdd(words, word + LOCK_COUNT.sleeps, sleeps);
}

function countAdd(words: Int32Array, at: number, count: number): void {
  const low = (words[at] >>> 0) + count;
  words[at] = low | 0;
  if (low >= 2 ** 32) words[at + 1]++;
}

/** Returns how often it slept; or GAVE_UP, or YIELDS. */
function lockWait(
  words: Int32Array,
  word: number,
  owner: number,
  may: boolean,
  strays: Int32Array | null,
): number {
  for (let spin = 0; spin < SPIN_COUNT_MAX; spin++) {
    if (Atomics.load(words, word) === 0 && Atomics.compareExchange(words, word, 0, owner) === 0) {
      return 0;
    }
  }
  for (let sleeps = 0; ; ) {
    if (strays !== null && Atomics.load(strays, 0) !== 0) return YIELDS;
    if (sleeps % SLEEPS_EACH === SLEEPS_EACH - 1 && waiter?.(may)) return GAVE_UP;
    const seen = Atomics.load(words, word);
    if (seen === 0) {
      // Others may sleep as well, so the mark stays on: at worst one needless wake-up.
      if (Atomics.compareExchange(words, word, 0, owner | WAIT) === 0) return sleeps;
    } else if (
      (seen & WAIT) !== 0 ||
      Atomics.compareExchange(words, word, seen, seen | WAIT) === seen
    ) {
      sleeps++;
      Atomics.wait(words, word, seen | WAIT, SLEEP_MS);
    }
  }
}

/** Takes the lock if it is free at once. For background work, which only tries. */
export function lockTry(words: Int32Array, word: number, owner: number): boolean {
  return Atomics.compareExchange(words, word, 0, owner) === 0;
}

export function lockRelease(words: Int32Array, word: number): void {
  if ((Atomics.exchange(words, word, 0) & WAIT) !== 0) Atomics.notify(words, word, 1);
}

/** Who holds the lock: threadId + 1, or 0. */
export function lockOwner(words: Int32Array, word: number): number {
  return Atomics.load(words, word) & OWNER_MASK;
}
