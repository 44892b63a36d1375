/**
 * A client that counts into its keys, under a policy that may evict them: every value consists of numbers,
 * and each request adds the next few. So what is read has to be the numbers from some request on to the last
 * one, or nothing; anything else has lost or kept a part.
 */
import { type Random, randomBelow } from '../../src/base/random.ts';
import { type RespClient, RespError, type RespReply } from '../support/resp-client.ts';

type Type = 'string' | 'list' | 'set' | 'hash' | 'zset';

const TYPES: readonly Type[] = ['string', 'list', 'set', 'hash', 'zset'];
const PIPELINED = 20;
const COUNTS = [1, 3, 10, 60, 300];
/** What has more is deleted, and counted anew. */
const NUMBERS_MAX = 2000;

/** How numbers are added to a value, each with some bytes along. */
const ADDING: Readonly<Record<Type, (key: string, numbers: readonly number[]) => string[]>> = {
  string: (key, numbers) => ['append', key, numbers.map((n) => `${n},`).join('')],
  list: (key, numbers) => ['rpush', key, ...numbers.map(padded)],
  set: (key, numbers) => ['sadd', key, ...numbers.map(padded)],
  hash: (key, numbers) => ['hset', key, ...numbers.flatMap((n) => [`${n}`, padded(n)])],
  zset: (key, numbers) => ['zadd', key, ...numbers.flatMap((n) => [`${n}`, padded(n)])],
};

const READING: Readonly<Record<Type, (key: string) => string[]>> = {
  string: (key) => ['get', key],
  list: (key) => ['lrange', key, '0', '-1'],
  set: (key) => ['smembers', key],
  hash: (key) => ['hvals', key],
  zset: (key) => ['zrange', key, '0', '-1'],
};

function padded(n: number): string {
  return `${n}${'.'.repeat(n % 97)}${n % 100 === 0 ? '.'.repeat(2500) : ''}`;
}

type Counted = {
  readonly key: string;
  readonly type: Type;
  last: number;
  /** The first numbers of the requests that have added some. */
  starts: number[];
};

export class CountingKeeper {
  readonly client: RespClient;
  private readonly random: Random;
  private readonly counted: readonly Counted[];
  private readonly ttlSec: number;
  refused = 0;

  /** `ttlSec`: the life that keys are given; 0: none. */
  constructor(client: RespClient, name: string, random: Random, keyCount: number, ttlSec: number) {
    this.client = client;
    this.random = random;
    this.ttlSec = ttlSec;
    this.counted = Array.from({ length: keyCount }, (_, n) => {
      const type = TYPES[n % TYPES.length];
      return { key: `${name}:${type}:${n}`, type, last: 0, starts: [] };
    });
  }

  /** Adds numbers to some keys, and makes them expire. */
  async step(): Promise<void> {
    const made: { readonly one: Counted; readonly count: number }[] = [];
    for (let n = 0; n < PIPELINED; n++) {
      const one = this.counted[randomBelow(this.random, this.counted.length)];
      if (made.some((other) => other.one === one)) continue;
      if (one.last > NUMBERS_MAX) {
        await this.forget(one);
        continue;
      }
      made.push({ one, count: COUNTS[randomBelow(this.random, COUNTS.length)] });
    }
    for (const { one, count } of made) {
      const numbers = Array.from({ length: count }, (_, n) => one.last + 1 + n);
      this.client.send(...ADDING[one.type](one.key, numbers));
      if (this.ttlSec > 0) this.client.send('expire', one.key, `${this.ttlSec}`);
    }
    for (const { one, count } of made) {
      const reply = await this.client.read();
      if (this.ttlSec > 0) await this.client.read();
      if (reply instanceof RespError) {
        if (!/^OOM /.test(reply.error)) throw new Error(`${one.key}: ${reply.error}`);
        this.refused++;
      } else {
        one.starts.push(one.last + 1);
        one.last += count;
      }
    }
  }

  private async forget(one: Counted): Promise<void> {
    if (this.client.unread > 0) throw new Error('replies are read before a key is deleted');
    await this.client.call('del', one.key);
    one.last = 0;
    one.starts = [];
  }

  /** Reads all keys; the first that is neither whole nor gone, or null. `stay`: none may be gone. */
  async check(stay: boolean): Promise<string | null> {
    for (const one of this.counted) {
      const numbers = numbersOf(one, await this.client.call(...READING[one.type](one.key)));
      const isGone = numbers.length === 0;
      const first = isGone ? one.last + 1 : numbers[0];
      const isWhole =
        numbers.every((n, at) => n === first + at) && first + numbers.length - 1 === one.last;
      const mayStart = isGone
        ? !stay || one.last === 0
        : one.starts.includes(first) && (!stay || first === 1);
      if (isWhole && mayStart) continue;
      return `${one.key}: ${numbers.length} numbers from ${first} on, and ${one.last} is the last one`;
    }
    return null;
  }
}

function numbersOf({ type }: Counted, reply: RespReply): number[] {
  const texts =
    type === 'string' ? `${reply ?? ''}`.split(',').slice(0, -1) : (reply as readonly string[]);
  const numbers = texts.map((text) => Number.parseInt(text, 10));
  const isSound = type === 'string' || texts.every((text, at) => text === padded(numbers[at]));
  if (!isSound) throw new Error('a value is not what was stored');
  return type === 'list' ? numbers : numbers.sort((a, b) => a - b);
}
