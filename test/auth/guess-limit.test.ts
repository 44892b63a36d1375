import { describe, expect, it } from 'vitest';
import {
  type AttemptCheck,
  type AttemptResult,
  GUESS,
  GuessLimit,
  guessSource,
} from '../../src/auth/guess-limit.ts';
import { FakeClock, settle } from './support.ts';

const { delayFirstMs, delayMaxMs, waitMaxMs, forgetMs, slowMax } = GUESS;

/** An attempt and, in time, what came of it. */
interface Watched {
  result: AttemptResult | null;
  /** When it came. */
  atMs: number;
}

/** A limit on a clock of its own, with a record of who was checked slowly. */
class Scene {
  readonly clock = new FakeClock();
  readonly limit = new GuessLimit(this.clock);
  readonly startMs = this.clock.nowMs();
  readonly checked: string[] = [];
  private readonly finishers: (() => void)[] = [];

  /** An attempt that is known at once to be right or wrong. */
  quick(source: string, name: string, isRight: boolean): Watched {
    const slow = () => Promise.reject(new Error('not asked'));
    return this.watch(source, name, { quick: () => isRight, slow, isWanted: () => true });
  }

  /** One that takes until slowFinish. */
  slow(source: string, name: string, isRight: boolean, isWanted = () => true): Watched {
    const slow = (): Promise<boolean> => {
      this.checked.push(`${source} ${name}`);
      return new Promise((resolve) => void this.finishers.push(() => resolve(isRight)));
    };
    return this.watch(source, name, { quick: () => null, slow, isWanted });
  }

  watch(source: string, name: string, check: AttemptCheck): Watched {
    const watched: Watched = { result: null, atMs: -1 };
    void this.limit.attempt(source, name, check).then((result) => {
      watched.result = result;
      watched.atMs = this.clock.nowMs() - this.startMs;
    });
    return watched;
  }

  /** Ends the slow check that began first. */
  async slowFinish(): Promise<void> {
    await settle();
    this.finishers.shift()?.();
    await settle();
  }

  /** A wrong password, and the time until its answer. */
  async fail(source: string, name: string): Promise<number> {
    const beforeMs = this.clock.nowMs() - this.startMs;
    const watched = this.quick(source, name, false);
    await this.clock.advance(waitMaxMs + delayMaxMs);
    expect(watched.result).toBe('wrong');
    return watched.atMs - beforeMs;
  }
}

describe('guilt', () => {
  it('answers the right password at once', async () => {
    const scene = new Scene();
    const one = scene.quick('a', 'alice', true);
    await settle();
    expect(one).toEqual({ result: 'right', atMs: 0 });
  });

  it('answers wrong ones late, ever later up to a limit', async () => {
    const scene = new Scene();
    const tookMs: number[] = [];
    for (let count = 0; count < 7; count++) tookMs.push(await scene.fail('a', 'alice'));
    const factors = [1, 2, 4, 8, 16];
    expect(tookMs).toEqual([...factors.map((factor) => factor * delayFirstMs), 5000, 5000]);
    expect(delayMaxMs).toBe(5000);
  });

  it('checks what comes together one by one, a delay apart, and refuses what is too much', async () => {
    const scene = new Scene();
    for (let count = 0; count < 5; count++) await scene.fail('a', 'alice');
    const startMs = scene.clock.nowMs();
    const checkedMs: number[] = [];
    const quick = () => {
      checkedMs.push(scene.clock.nowMs() - startMs);
      return false;
    };
    const slow = () => Promise.reject(new Error('not asked'));
    const check = { quick, slow, isWanted: () => true };
    const many = Array.from({ length: 6 }, () => scene.watch('a', 'alice', check));
    await settle();
    const refused = many.filter(({ result }) => result === 'refused');
    await scene.clock.advance(60_000);
    // The first is checked at once, and its failure makes the delay 5 s: the fourth would be too late.
    expect(checkedMs).toEqual([0, 5000, 10_000]);
    expect(refused).toHaveLength(3);
  });

  it('holds over connections that hang up', async () => {
    const scene = new Scene();
    for (let count = 0; count < 5; count++) await scene.fail('a', 'alice');
    // Nobody waits for the answers; still the guesses are no nearer to each other.
    let checkedCount = 0;
    const quick = () => {
      checkedCount++;
      return false;
    };
    const slow = () => Promise.reject(new Error('not asked'));
    for (let count = 0; count < 100; count++) {
      scene.watch('a', 'alice', { quick, slow, isWanted: () => true });
      await scene.clock.advance(100);
    }
    expect(checkedCount).toBeLessThanOrEqual(4);
  });

  it('is a matter of this user at this source alone', async () => {
    const scene = new Scene();
    for (let count = 0; count < 10; count++) await scene.fail('a', 'alice');
    scene.quick('a', 'alice', false);
    scene.quick('a', 'alice', false);
    const others = [scene.quick('a', 'bob', true), scene.quick('b', 'alice', true)];
    await settle();
    expect(others.map(({ result }) => result)).toEqual(['right', 'right']);
  });

  it('ends with a right password', async () => {
    const scene = new Scene();
    for (let count = 0; count < 5; count++) await scene.fail('a', 'alice');
    scene.quick('a', 'alice', true);
    await settle();
    expect(await scene.fail('a', 'alice')).toBe(delayFirstMs);
  });

  it('is forgotten in time', async () => {
    const scene = new Scene();
    for (let count = 0; count < 3; count++) await scene.fail('a', 'alice');
    await scene.clock.advance(forgetMs - waitMaxMs - delayMaxMs);
    expect(await scene.fail('a', 'alice')).toBe(delayFirstMs * 8);
    await scene.clock.advance(forgetMs + 1);
    expect(scene.quick('a', 'alice', true).result).toBeNull();
    await settle();
    expect(await scene.fail('a', 'alice')).toBe(delayFirstMs);
  });

  it('is kept for who earned it when others fill the list', async () => {
    const scene = new Scene();
    for (let count = 0; count < 3; count++) await scene.fail('a', 'alice');
    for (let batch = 0; batch < 4; batch++) {
      for (let at = 0; at < GUESS.guiltyMax / 2; at++) scene.quick('a', `${batch} ${at}`, false);
      await scene.clock.advance(delayMaxMs);
    }
    expect(await scene.fail('a', 'alice')).toBe(delayFirstMs * 8);
    // The earliest of the others are gone: one more wrong password is their first.
    expect(await scene.fail('a', '0 0')).toBe(delayFirstMs);
  });
});

describe('the queue', () => {
  it('runs so many slow checks at a time', async () => {
    const scene = new Scene();
    const attempts = Array.from({ length: 5 }, (_, at) => scene.slow('a', `${at}`, true));
    await settle();
    expect(scene.checked).toHaveLength(slowMax);
    await scene.slowFinish();
    expect(scene.checked).toHaveLength(slowMax + 1);
    for (let count = 0; count < 4; count++) await scene.slowFinish();
    expect(attempts.map(({ result }) => result)).toEqual(Array(5).fill('right'));
  });

  it('lets the sources take turns', async () => {
    const scene = new Scene();
    for (let at = 0; at < 100; at++) scene.slow('attacker', `${at}`, false);
    await settle();
    const alice = scene.slow('a', 'alice', true);
    const bob = scene.slow('b', 'bob', true);
    for (let count = 0; count < slowMax + 3; count++) await scene.slowFinish();
    expect(scene.checked.indexOf('a alice')).toBeLessThanOrEqual(slowMax + 1);
    expect(scene.checked.indexOf('b bob')).toBeLessThanOrEqual(slowMax + 2);
    expect([alice.result, bob.result]).toEqual(['right', 'right']);
  });

  it('asks again for the quick answer when the turn comes', async () => {
    const scene = new Scene();
    for (let at = 0; at < slowMax; at++) scene.slow('a', `${at}`, true);
    let known: boolean | null = null;
    const slow = () => Promise.reject(new Error('not asked'));
    const late = scene.watch('a', 'alice', { quick: () => known, slow, isWanted: () => true });
    await settle();
    expect(late.result).toBeNull();
    known = true;
    await scene.slowFinish();
    expect(late.result).toBe('right');
  });

  it('sends back to wait whose pair has failed meanwhile', async () => {
    const scene = new Scene();
    const guesses = Array.from({ length: 100 }, () => scene.slow('a', 'alice', false));
    const bob = scene.slow('a', 'bob', true);
    for (let count = 0; count < slowMax + 1; count++) await scene.slowFinish();
    // Those that were checked before the first was known to be wrong, and then whoever is not alice.
    expect(scene.checked.filter((pair) => pair === 'a alice')).toHaveLength(slowMax);
    expect(bob.result).toBe('right');
    for (let count = 0; count < 100; count++) {
      await scene.clock.advance(waitMaxMs);
      await scene.slowFinish();
    }
    const checkedMax = slowMax + waitMaxMs / delayFirstMs;
    expect(scene.checked.filter((pair) => pair === 'a alice').length).toBeLessThan(checkedMax);
    expect(new Set(guesses.map(({ result }) => result))).toEqual(new Set(['wrong', 'refused']));
  });

  it('passes over who hung up, and holds nothing against them', async () => {
    const scene = new Scene();
    for (let at = 0; at < slowMax; at++) scene.slow('a', `${at}`, true);
    let isWanted = true;
    const gone = scene.slow('a', 'alice', false, () => isWanted);
    await settle();
    isWanted = false;
    await scene.slowFinish();
    expect(gone.result).toBe('refused');
    expect(scene.checked).not.toContain('a alice');
    expect(await scene.fail('a', 'alice')).toBe(delayFirstMs);
  });

  it('goes on after a check that broke', async () => {
    const scene = new Scene();
    const broken: AttemptCheck = {
      quick: () => null,
      slow: () => Promise.reject(new Error('no memory')),
      isWanted: () => true,
    };
    const attempts = Array.from({ length: 10 }, () => scene.limit.attempt('a', 'alice', broken));
    const results = await Promise.allSettled(attempts);
    expect(results.map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
    const next = scene.slow('a', 'alice', true);
    await scene.slowFinish();
    expect(next.result).toBe('right');
  });
});

describe('the bounds', () => {
  it('refuse one source too many attempts, and no other', async () => {
    const scene = new Scene();
    for (let at = 0; at < GUESS.insidePerSourceMax; at++) scene.slow('a', `${at}`, true);
    const more = scene.slow('a', 'more', true);
    const other = scene.quick('b', 'other', true);
    await settle();
    expect(more.result).toBe('refused');
    expect(other.result).toBe('right');
    await scene.slowFinish();
    const next = scene.quick('a', 'next', true);
    await settle();
    expect(next.result).toBe('right');
  });

  it('refuse too many in all', async () => {
    const scene = new Scene();
    for (let at = 0; at < GUESS.insideMax; at++) scene.slow(`${at % 16}`, `${at}`, true);
    const more = scene.quick('b', 'more', true);
    await settle();
    expect(more.result).toBe('refused');
    await scene.slowFinish();
    const next = scene.quick('b', 'next', true);
    await settle();
    expect(next.result).toBe('right');
  });

  it('count those whose answer is delayed', async () => {
    const scene = new Scene();
    for (let at = 0; at < GUESS.insidePerSourceMax; at++) scene.quick('a', `${at}`, false);
    await settle();
    const more = scene.quick('a', 'more', true);
    await settle();
    expect(more.result).toBe('refused');
    await scene.clock.advance(delayFirstMs);
    const next = scene.quick('a', 'next', true);
    await settle();
    expect(next.result).toBe('right');
  });
});

describe('a source', () => {
  // biome-ignore format: a table reads in columns
  it.each([
    [undefined,                       'local'],
    ['',                              'local'],
    ['192.0.2.1',                     '192.0.2.1'],
    ['::ffff:192.0.2.1',              '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6',          '2001:db8:1:2::'],
    ['2001:db8:1:2::6',               '2001:db8:1:2::'],
    ['2001:db8::6',                   '2001:db8:0:0::'],
    ['2001:db8::5:6:7:8:9',           '2001:db8:0:5::'],
    ['fe80::1%eth0',                  'fe80:0:0:0::'],
    ['::1',                           '0:0:0:0::'],
    ['::',                            '0:0:0:0::'],
  ])('%s is %s', (address, source) => {
    expect(guessSource(address)).toBe(source);
  });
});
