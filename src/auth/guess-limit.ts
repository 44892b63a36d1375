/**
 * Bounds how fast passwords can be guessed, without shutting out those who know theirs. Each data
 * thread has one; every attempt to log in goes through it.
 *
 *   attempt ─▶ enter ─▶ wait ─▶ quick check ─▶ queue ─▶ slow check ─▶ right: at once
 *              bounded   guilty                 by source, N at a time   wrong: after a delay
 *
 * **Guilt.** A wrong password makes its (source, name) guilty: the answer comes after a delay that
 * doubles each time, and the next attempts of the pair, over whatever connections, are checked one
 * by one, a delay apart. That a client hangs up gains it nothing. A right password, or ten quiet
 * minutes, clear the pair. So whoever hammers on a user slows down this user at his own address;
 * others there, and the same user elsewhere, are not delayed.
 *
 * **The queue.** Slow checks (scrypt) run a few at a time; the sources that wait take turns, so one
 * with hundreds of attempts holds up another by one check each. The quick check is asked again when
 * the turn comes: of a hundred clients that connect together, one is checked slowly. And if a check
 * of the same pair has failed meanwhile, the attempt goes back to `wait`: hundreds of guesses sent
 * at once gain nothing over as many sent in a row.
 *
 * **Bounds.** So many attempts may be inside, per source and in all; further ones are refused. The
 * list of the guilty is bounded too; who failed least leaves it first, so that failing under many
 * names wipes no name from it that was guessed at in earnest.
 *
 * Guard: one thread's own.
 */

/** 'refused': not checked at all, as there are too many attempts, or nobody waits any more. */
export type AttemptResult = 'right' | 'wrong' | 'refused';

/** How one password is checked. Both may be asked more than once. */
export interface AttemptCheck {
  /** In microseconds: right, wrong, or null: only the slow check can tell. */
  readonly quick: () => boolean | null;
  readonly slow: () => Promise<boolean>;
  /** Whether anybody still waits for the answer. */
  readonly isWanted: () => boolean;
}

/** Time, as the limit sees it. */
export interface GuessClock {
  readonly nowMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

export const GUESS = {
  /** Slow checks at a time. All threads share the four of libuv's pool. */
  slowMax: 2,
  insideMax: 4096,
  insidePerSourceMax: 1024,
  /** After the first wrong password, and after any number. */
  delayFirstMs: 250,
  delayMaxMs: 5000,
  /** An attempt that would have to wait longer than this for its turn is refused. */
  waitMaxMs: 10_000,
  forgetMs: 600_000,
  guiltyMax: 1024,
} as const;

const SYSTEM_CLOCK: GuessClock = {
  nowMs: () => performance.now(),
  wait: (ms) => new Promise((resolve) => void setTimeout(resolve, ms).unref()),
};

/** What is held against a (source, name). */
interface Guilt {
  failures: number;
  failedAtMs: number;
  /** When the next attempt may be checked. */
  freeAtMs: number;
}

/** Null: nobody waits any more. 'late': not checked, as another attempt of the pair has failed. */
type SlowResult = boolean | null | 'late';

interface Waiting {
  readonly pair: string;
  /** Failures of the pair when the attempt took its turn. */
  readonly failures: number;
  readonly check: AttemptCheck;
  readonly resolve: (isRight: SlowResult) => void;
  readonly reject: (error: unknown) => void;
}

export class GuessLimit {
  private readonly clock: GuessClock;
  private readonly guilty = new Map<string, Guilt>();
  /** Source → its attempts inside. */
  private readonly inside = new Map<string, number>();
  private insideCount = 0;
  /** Source → its attempts that wait for a slow check; the source whose turn is next comes first. */
  private readonly queue = new Map<string, Waiting[]>();
  private slowCount = 0;

  constructor(clock: GuessClock = SYSTEM_CLOCK) {
    this.clock = clock;
  }

  /**
   * Checks a password, now or when it is its turn. Rejects only if a check does.
   *   source   where the client is: guessSource
   *   name     the user's, as the client gave it
   */
  async attempt(source: string, name: string, check: AttemptCheck): Promise<AttemptResult> {
    if (!this.enter(source)) return 'refused';
    try {
      const pair = `${source} ${name}`;
      let isRight: SlowResult = 'late';
      while (isRight === 'late') {
        const waitMs = this.turnTake(pair);
        if (waitMs > GUESS.waitMaxMs) return 'refused';
        if (waitMs > 0) await this.clock.wait(waitMs);
        if (!check.isWanted()) return 'refused';
        isRight = check.quick() ?? (await this.slowCheck(source, pair, check));
      }
      if (isRight === null) return 'refused';
      if (isRight) {
        this.guilty.delete(pair);
        return 'right';
      }
      await this.clock.wait(this.failureNote(pair));
      return 'wrong';
    } finally {
      this.leave(source);
    }
  }

  private enter(source: string): boolean {
    const count = this.inside.get(source) ?? 0;
    if (count >= GUESS.insidePerSourceMax || this.insideCount >= GUESS.insideMax) return false;
    this.inside.set(source, count + 1);
    this.insideCount++;
    return true;
  }

  private leave(source: string): void {
    const count = this.inside.get(source) ?? 0;
    if (count > 1) this.inside.set(source, count - 1);
    else this.inside.delete(source);
    this.insideCount--;
  }

  /** How long an attempt has to wait; if not too long, the turn is taken. */
  private turnTake(pair: string): number {
    const guilt = this.guilty.get(pair);
    if (guilt === undefined) return 0;
    const nowMs = this.clock.nowMs();
    if (guiltIsOld(guilt, nowMs)) {
      this.guilty.delete(pair);
      return 0;
    }
    const startMs = Math.max(nowMs, guilt.freeAtMs);
    const waitMs = startMs - nowMs;
    if (waitMs <= GUESS.waitMaxMs) guilt.freeAtMs = startMs + delayMs(guilt.failures);
    return waitMs;
  }

  /** Notes a wrong password; the answer is due after so many milliseconds. */
  private failureNote(pair: string): number {
    const nowMs = this.clock.nowMs();
    let guilt = this.guilty.get(pair);
    if (guilt === undefined) {
      if (this.guilty.size >= GUESS.guiltyMax) this.guiltyDropLeast(nowMs);
      guilt = { failures: 0, failedAtMs: 0, freeAtMs: 0 };
      this.guilty.set(pair, guilt);
    }
    guilt.failures++;
    guilt.failedAtMs = nowMs;
    const delay = delayMs(guilt.failures);
    guilt.freeAtMs = Math.max(guilt.freeAtMs, nowMs + delay);
    return delay;
  }

  /** Makes room: drops one whose time has run out, else who failed least, of these the oldest. */
  private guiltyDropLeast(nowMs: number): void {
    let leastPair = '';
    let leastFailures = Number.POSITIVE_INFINITY;
    for (const [pair, guilt] of this.guilty) {
      const failures = guiltIsOld(guilt, nowMs) ? 0 : guilt.failures;
      if (failures >= leastFailures) continue;
      leastPair = pair;
      leastFailures = failures;
    }
    this.guilty.delete(leastPair);
  }

  /** Whether the password is right, when the turn has come. */
  private slowCheck(source: string, pair: string, check: AttemptCheck): Promise<SlowResult> {
    return new Promise((resolve, reject) => {
      const failures = this.failuresOf(pair);
      const waiting: Waiting = { pair, failures, check, resolve, reject };
      const others = this.queue.get(source);
      if (others === undefined) this.queue.set(source, [waiting]);
      else others.push(waiting);
      this.queueRun();
    });
  }

  private queueRun(): void {
    while (this.slowCount < GUESS.slowMax) {
      const next = this.queueTake();
      if (next === null) return;
      this.slowCount++;
      this.checkRun(next)
        .then(next.resolve, next.reject)
        .finally(() => {
          this.slowCount--;
          this.queueRun();
        });
    }
  }

  /** The next attempt; its source goes behind all others. */
  private queueTake(): Waiting | null {
    for (const [source, attempts] of this.queue) {
      const [next] = attempts.splice(0, 1);
      this.queue.delete(source);
      if (attempts.length > 0) this.queue.set(source, attempts);
      return next;
    }
    return null;
  }

  private async checkRun({ pair, failures, check }: Waiting): Promise<SlowResult> {
    if (!check.isWanted()) return null;
    const isRight = check.quick();
    if (isRight !== null) return isRight;
    return this.failuresOf(pair) > failures ? 'late' : check.slow();
  }

  private failuresOf(pair: string): number {
    return this.guilty.get(pair)?.failures ?? 0;
  }
}

function guiltIsOld(guilt: Guilt, nowMs: number): boolean {
  return nowMs - guilt.failedAtMs > GUESS.forgetMs;
}

function delayMs(failures: number): number {
  return Math.min(GUESS.delayMaxMs, GUESS.delayFirstMs * 2 ** (failures - 1));
}

/**
 * Where a client is, for the limit: its IPv4 address, or the first half of its IPv6 address, which
 * is what one customer of a provider has. Clients of a unix socket are all in one place.
 *   address   as node:net's remoteAddress; undefined for a unix socket
 */
export function guessSource(address: string | undefined): string {
  if (address === undefined || address === '') return 'local';
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1];
  const [head, tail = ''] = address.replace(/%.*$/, '').split('::');
  const left = head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = address.includes('::')
    ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    : left;
  return `${groups
    .slice(0, 4)
    .map((group) => group || '0')
    .join(':')}::`;
}
