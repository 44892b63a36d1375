/**
 * A client that knows what its keys hold: it writes values of every type, and what was refused must have
 * changed nothing.
 */
import { type Random, randomBelow } from '../../src/base/random.ts';
import { type RespClient, RespError, type RespReply } from '../support/resp-client.ts';
import { shown } from './session.ts';

type Value =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'list'; readonly value: readonly string[] }
  | { readonly type: 'set'; readonly value: ReadonlySet<string> }
  | { readonly type: 'hash'; readonly value: ReadonlyMap<string, string> }
  | { readonly type: 'zset'; readonly value: ReadonlyMap<string, number> };
type Type = Value['type'];
type Of<T extends Type> = Extract<Value, { type: T }>['value'];

/** What a request changes if it is run. */
type Change = {
  readonly request: readonly string[];
  readonly apply: (keys: Map<string, Value>) => void;
};

const EMPTY: { readonly [T in Type]: Of<T> } = {
  string: '',
  list: [],
  set: new Set<string>(),
  hash: new Map<string, string>(),
  zset: new Map<string, number>(),
};
const TYPES: readonly Type[] = ['string', 'list', 'set', 'hash', 'zset'];
const KEYS_OF_TYPE = 4;
const MEMBER_COUNT = 2000;
/** How many members, fields or elements a request brings. */
const COUNTS = [1, 1, 2, 5, 30, 200];
const LENGTHS = [0, 3, 20, 100, 700, 3000, 9000, 40_000];
const ELEMENT_LENGTHS = [1, 3, 20, 100, 300, 2000];

export class Keeper {
  readonly client: RespClient;
  private readonly name: string;
  private readonly random: Random;
  private readonly keys = new Map<string, Value>();
  /** Requests that were answered with OOM. */
  refused = 0;

  constructor(client: RespClient, name: string, random: Random) {
    this.client = client;
    this.name = name;
    this.random = random;
  }

  /** Makes one request. Returns false if there was no memory for it. */
  async step(): Promise<boolean> {
    const { request, apply } = this.change();
    const reply = await (randomBelow(this.random, 5) === 0
      ? this.transacted(request)
      : this.client.call(...request));
    if (!(reply instanceof RespError)) {
      apply(this.keys);
      return true;
    }
    if (!/^OOM /.test(reply.error)) throw new Error(`${request.join(' ')}: ${reply.error}`);
    this.refused++;
    for (const key of new Set(request.slice(1).filter((word) => word.startsWith(this.name)))) {
      const problem = await this.keyCheck(key);
      if (problem !== null) throw new Error(`${request.join(' ').slice(0, 200)}: ${problem}`);
    }
    return false;
  }

  /** The reply to a request that is a transaction. */
  private async transacted(request: readonly string[]): Promise<RespReply> {
    this.client.send('multi');
    this.client.send(...request);
    this.client.send('exec');
    await this.client.read();
    const queued = await this.client.read();
    const replies = await this.client.read();
    return Array.isArray(replies) ? replies[0] : queued;
  }

  /** Reads all keys; the first that holds something else than it should, or null. */
  async check(): Promise<string | null> {
    for (const type of TYPES) {
      for (let n = 0; n < KEYS_OF_TYPE; n++) {
        const problem = await this.keyCheck(this.key(type, n));
        if (problem !== null) return problem;
      }
    }
    return null;
  }

  private async keyCheck(key: string): Promise<string | null> {
    const held = await valueHeld(this.client, key);
    const value = this.keys.get(key);
    const expected = value === undefined ? null : plain(value);
    const [is, should] = [JSON.stringify(held), JSON.stringify(expected)];
    if (is === should) return null;
    return `${key} holds ${is.slice(0, 300)} (${is.length}) and not ${should.slice(0, 300)} (${should.length})`;
  }

  // ── What to ask for ──

  private key(type: Type, n = randomBelow(this.random, KEYS_OF_TYPE)): string {
    return `${this.name}:${type}:${n}`;
  }

  private held<T extends Type>(type: T, key: string): Of<T> {
    const value = this.keys.get(key);
    // Keys are named by their types.
    return (value === undefined ? EMPTY[type] : value.value) as Of<T>;
  }

  private pick<T>(from: readonly T[]): T {
    return from[randomBelow(this.random, from.length)];
  }

  private some<T>(make: (n: number) => T): T[] {
    return Array.from({ length: this.pick(COUNTS) }, (_, n) => make(n));
  }

  private member(): string {
    const n = randomBelow(this.random, MEMBER_COUNT);
    return `m${n}`.padEnd(n % 50 === 0 ? 200 : 0, 'x');
  }

  private text(lengths: readonly number[]): string {
    const letter = String.fromCharCode(97 + randomBelow(this.random, 26));
    return letter.repeat(this.pick(lengths));
  }

  private change(): Change {
    const makes: readonly (() => Change)[] = [
      () => this.set(),
      () => this.append(),
      () => this.setRange(),
      () => this.mset(),
      () => this.push(),
      () => this.pushShort(),
      () => this.listSet(),
      () => this.move(),
      () => this.add(),
      () => this.unionStore(),
      () => this.fields(),
      () => this.scores(),
      () => this.scoresStore(),
      () => this.copy(),
    ];
    return this.pick(makes)();
  }

  /** The change of one key. */
  private of<T extends Type>(type: T, key: string, request: readonly string[], to: Of<T>): Change {
    // The type and its value belong together by their types.
    const value = { type, value: to } as Value;
    return { request, apply: (keys) => keys.set(key, value) };
  }

  private set(): Change {
    const [key, value] = [this.key('string'), this.text(LENGTHS)];
    return this.of('string', key, ['set', key, value], value);
  }

  private append(): Change {
    const [key, value] = [this.key('string'), this.text(ELEMENT_LENGTHS)];
    return this.of('string', key, ['append', key, value], this.held('string', key) + value);
  }

  private setRange(): Change {
    const [key, value] = [this.key('string'), this.text(ELEMENT_LENGTHS)];
    const at = randomBelow(this.random, 20_000);
    const old = this.held('string', key).padEnd(at, '\0');
    const to = old.slice(0, at) + value + old.slice(at + value.length);
    return this.of('string', key, ['setrange', key, `${at}`, value], to);
  }

  private mset(): Change {
    const pairs = [0, 1, 2].map((n) => [this.key('string', n), this.text(LENGTHS)] as const);
    return {
      request: ['mset', ...pairs.flat()],
      apply: (keys) => {
        for (const [key, value] of pairs) keys.set(key, { type: 'string', value });
      },
    };
  }

  private push(): Change {
    const key = this.key('list');
    const values = this.some(() => this.text(ELEMENT_LENGTHS));
    const old = this.held('list', key);
    return this.of('list', key, ['rpush', key, ...values], [...old, ...values]);
  }

  private pushShort(): Change {
    const key = this.key('list');
    const values = this.some((n) => `${n}`);
    const to = [...values.toReversed(), ...this.held('list', key)];
    return this.of('list', key, ['lpush', key, ...values], to);
  }

  private listSet(): Change {
    const key = this.key('list');
    const old = this.held('list', key);
    if (old.length === 0) return this.push();
    const [at, value] = [randomBelow(this.random, old.length), this.text(ELEMENT_LENGTHS)];
    return this.of('list', key, ['lset', key, `${at}`, value], old.with(at, value));
  }

  private move(): Change {
    const [from, to] = [this.key('list', 0), this.key('list', 1)];
    const old = this.held('list', from);
    if (old.length === 0) return this.push();
    return {
      request: ['rpoplpush', from, to],
      apply: (keys) => {
        keys.set(to, { type: 'list', value: [...old.slice(-1), ...this.held('list', to)] });
        if (old.length === 1) keys.delete(from);
        else keys.set(from, { type: 'list', value: old.slice(0, -1) });
      },
    };
  }

  private add(): Change {
    const key = this.key('set');
    const members = this.some(() => this.member());
    const to = new Set([...this.held('set', key), ...members]);
    return this.of('set', key, ['sadd', key, ...members], to);
  }

  private unionStore(): Change {
    const keys = [1, 2, 3].map((n) => this.key('set', n));
    const to = new Set(keys.flatMap((key) => [...this.held('set', key)]));
    if (to.size === 0) return this.add();
    const target = this.key('set', 0);
    return this.of('set', target, ['sunionstore', target, ...keys], to);
  }

  private fields(): Change {
    const key = this.key('hash');
    const pairs = this.some(() => [this.member(), this.text(ELEMENT_LENGTHS)] as const);
    const to = new Map([...this.held('hash', key), ...pairs]);
    return this.of('hash', key, ['hset', key, ...pairs.flat()], to);
  }

  private scores(): Change {
    const key = this.key('zset');
    const pairs = this.some(() => [this.member(), randomBelow(this.random, 100)] as const);
    const to = new Map([...this.held('zset', key), ...pairs]);
    const words = pairs.flatMap(([member, score]) => [`${score}`, member]);
    return this.of('zset', key, ['zadd', key, ...words], to);
  }

  private scoresStore(): Change {
    const keys = [1, 2].map((n) => this.key('zset', n));
    const to = new Map<string, number>();
    for (const key of keys) {
      for (const [member, score] of this.held('zset', key)) {
        to.set(member, (to.get(member) ?? 0) + score);
      }
    }
    if (to.size === 0) return this.scores();
    const target = this.key('zset', 0);
    return this.of('zset', target, ['zunionstore', target, '2', ...keys], to);
  }

  private copy(): Change {
    const type = this.pick(TYPES);
    const [from, to] = [this.key(type, 1), this.key(type, 2)];
    const value = this.keys.get(from);
    if (value === undefined) return this.set();
    return { request: ['copy', from, to, 'replace'], apply: (keys) => keys.set(to, value) };
  }

  /** Gives a key up. */
  async drop(): Promise<void> {
    const key = this.key(this.pick(TYPES));
    await this.client.call('del', key);
    this.keys.delete(key);
  }
}

/** A value in an order that does not depend on where it comes from. */
function plain({ type, value }: Value): unknown {
  switch (type) {
    case 'string':
    case 'list':
      return value;
    case 'set':
      return [...value].sort();
    case 'hash':
    case 'zset':
      return [...value].map(([name, of]) => [name, `${of}`]).sort();
  }
}

async function valueHeld(client: RespClient, key: string): Promise<unknown> {
  const type = shown(await client.call('type', key)).slice(1);
  switch (type) {
    case 'string':
      return client.call('get', key);
    case 'list':
      return client.call('lrange', key, '0', '-1');
    case 'set':
      return [...((await client.call('smembers', key)) as string[])].sort();
    case 'hash':
      return pairsOf(await client.call('hgetall', key));
    case 'zset':
      return pairsOf(await client.call('zrange', key, '0', '-1', 'withscores'));
    default:
      return null;
  }
}

function pairsOf(reply: RespReply): unknown {
  const words = reply as readonly string[]; // RESP2 has them in a row
  return Array.from({ length: words.length / 2 }, (_, n) => [
    words[2 * n],
    words[2 * n + 1],
  ]).sort();
}
