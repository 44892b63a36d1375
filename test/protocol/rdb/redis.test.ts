/**
 * DUMP and RESTORE of the real server, both ways: it restores what is written here, what it dumps is
 * read here, and what it refuses is refused. Skipped where there is no redis-server of 7.0 or newer.
 */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VALUE_KIND, type ValueKind } from '../../../src/base/value-sink.ts';
import { payloadIsSound } from '../../../src/protocol/rdb/dump-payload.ts';
import { RDB_TYPE, type RdbType } from '../../../src/protocol/rdb/types.ts';
import {
  type RespClient,
  type RespError,
  type RespReply,
  RespSimple,
} from '../../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn } from '../../support/resp-server.ts';
import {
  distinct,
  integerText,
  type TestElement,
  type TestValue,
  text,
} from '../../support/told-values.ts';
import { rdbString, ziplist, zipmap } from './old-formats.ts';
import { payloadOf, payloadValue, payloadWrap } from './values.ts';

const RUNS = 40;
const installed = redisFind();
const version = installed?.version ?? '0';
const isUsable = Number(version.split('.')[0]) >= 7;
/** What only 7.2 and newer can restore. */
const isRecent = isUsable && !version.startsWith('7.0.');

const NAME = (element: TestElement): string => element.text;
/** Scores that every server prints alike. */
const score = fc.oneof(
  fc.integer(),
  fc.integer({ min: -1000, max: 1000 }).map((value) => value / 8),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const list = fc.array(fc.record({ text }), { minLength: 1, maxLength: 60 });
const members = distinct(fc.record({ text }), NAME);
const integers = distinct(fc.record({ text: integerText }), NAME);
const scored = distinct(fc.record({ text, score }), NAME);
const fields = distinct(fc.record({ text, value: text }), NAME);

// biome-ignore format: a table reads in columns
const KINDS: readonly (readonly [string, ValueKind, fc.Arbitrary<TestElement[]>, readonly RdbType[]])[] = [
  ['strings',     VALUE_KIND.STRING, list.map(([first]) => [first as TestElement]), [RDB_TYPE.STRING]],
  ['lists',       VALUE_KIND.LIST, list, [RDB_TYPE.LIST_QUICKLIST_2, RDB_TYPE.LIST]],
  ['sets',        VALUE_KIND.SET,  members,
    isRecent ? [RDB_TYPE.SET, RDB_TYPE.SET_LISTPACK] : [RDB_TYPE.SET]],
  ['integer sets', VALUE_KIND.SET, integers, [RDB_TYPE.SET_INTSET]],
  ['sorted sets', VALUE_KIND.ZSET, scored, [RDB_TYPE.ZSET_2, RDB_TYPE.ZSET_LISTPACK]],
  ['hashes',      VALUE_KIND.HASH, fields, [RDB_TYPE.HASH, RDB_TYPE.HASH_LISTPACK]],
];

const WRITE: Readonly<Record<ValueKind, string>> = {
  [VALUE_KIND.STRING]: 'SET',
  [VALUE_KIND.LIST]: 'RPUSH',
  [VALUE_KIND.SET]: 'SADD',
  [VALUE_KIND.ZSET]: 'ZADD',
  [VALUE_KIND.HASH]: 'HSET',
};

// biome-ignore format: a table reads in columns
const READ: Readonly<Record<ValueKind, readonly string[]>> = {
  [VALUE_KIND.STRING]: ['GET', 'k'],
  [VALUE_KIND.LIST]:   ['LRANGE', 'k', '0', '-1'],
  [VALUE_KIND.SET]:    ['SMEMBERS', 'k'],
  [VALUE_KIND.ZSET]:   ['ZRANGE', 'k', '0', '-1', 'WITHSCORES'],
  [VALUE_KIND.HASH]:   ['HGETALL', 'k'],
};

function words({ kind, elements }: TestValue): string[] {
  return elements.flatMap((element) => {
    if (kind === VALUE_KIND.ZSET) return [scoreText(element), element.text];
    return kind === VALUE_KIND.HASH ? [element.text, element.value ?? ''] : [element.text];
  });
}

function scoreText({ score: value = 0 }: TestElement): string {
  return String(value).replace('Infinity', 'inf');
}

/** A value as text that does not depend on any order but that of a list. */
function normal(value: TestValue | null): string {
  if (value === null) return 'none';
  const elements = value.elements.map(({ text: name, value: behind, score: of }) =>
    JSON.stringify([
      name,
      behind ?? null,
      of === undefined ? null : scoreText({ text: '', score: of }),
    ]),
  );
  if (value.kind !== VALUE_KIND.LIST) elements.sort();
  return elements.join('\n');
}

/** What a read of the key answered, as a value. */
function valueRead(kind: ValueKind, reply: RespReply): TestValue {
  const texts = (Array.isArray(reply) ? reply : [reply]) as string[];
  if (kind !== VALUE_KIND.ZSET && kind !== VALUE_KIND.HASH) {
    return { kind, elements: texts.map((one) => ({ text: one })) };
  }
  const elements: TestElement[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    const [name = '', behind = ''] = texts.slice(at, at + 2);
    if (kind === VALUE_KIND.HASH) elements.push({ text: name, value: behind });
    else elements.push({ text: name, score: Number(behind.replace('inf', 'Infinity')) });
  }
  return { kind, elements };
}

const what = isUsable ? `redis-server ${version}` : 'redis-server (skipped: not installed)';
describe.skipIf(!isUsable)(what, () => {
  let server: RespServer;
  let peer: RespClient;
  beforeAll(async () => {
    server = await redisSpawn(installed?.command ?? '', ['--sanitize-dump-payload', 'yes']);
    peer = server.client();
  });
  afterAll(async () => {
    peer.end();
    await server.stop();
  });

  /** As it is shown: an error behind a minus. */
  const restore = async (payload: Buffer): Promise<string> => {
    const reply = await peer.call('RESTORE', 'k', 0, payload.toString('latin1'), 'REPLACE');
    return reply instanceof RespSimple ? reply.simple : `-${(reply as RespError).error}`;
  };

  const restored = async (payload: Buffer, kind: ValueKind): Promise<TestValue> => {
    expect(await restore(payload)).toBe('OK');
    return valueRead(kind, await peer.call(...READ[kind]));
  };
  const dumped = async (): Promise<Buffer> => {
    const payload = Buffer.from((await peer.call('DUMP', 'k')) as string, 'latin1');
    expect(payloadIsSound(payload, 0, payload.length)).toBe(true);
    return payload;
  };

  it.each(KINDS)('restores %s that are written here', async (_, kind, elementsOf, types) => {
    await fc.assert(
      fc.asyncProperty(elementsOf, async (elements) => {
        const value = { kind, elements };
        for (const type of types) {
          const back = await restored(payloadOf(value, type), kind);
          expect(normal(back)).toBe(normal(value));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it.each(KINDS)('dumps %s that are read here', async (_, kind, elementsOf) => {
    await fc.assert(
      fc.asyncProperty(elementsOf, async (elements) => {
        const value = { kind, elements };
        await peer.call('DEL', 'k');
        await peer.call(WRITE[kind], 'k', ...words(value));
        expect(normal(payloadValue(await dumped()))).toBe(normal(value));
      }),
      { numRuns: RUNS },
    );
  });

  it('writes small values as they are written here', async () => {
    // biome-ignore format: a table reads in columns
    const values: [RdbType, TestValue][] = [
      [RDB_TYPE.STRING,        { kind: VALUE_KIND.STRING, elements: [{ text: '-12345' }] }],
      [RDB_TYPE.HASH_LISTPACK, { kind: VALUE_KIND.HASH, elements: [{ text: 'f', value: '70000' }, { text: 'long', value: 'no repeats at all!' }] }],
      [RDB_TYPE.ZSET_LISTPACK, { kind: VALUE_KIND.ZSET, elements: [{ text: 'a', score: -1.5 }, { text: 'b', score: 5000 }] }],
      [RDB_TYPE.SET_INTSET,    { kind: VALUE_KIND.SET, elements: [{ text: '-9000000000' }, { text: '7' }] }],
    ];
    for (const [type, value] of values) {
      await peer.call('DEL', 'k');
      await peer.call(WRITE[value.kind], 'k', ...words(value));
      const ours = payloadOf(value, type);
      expect((await dumped()).subarray(0, -10)).toEqual(ours.subarray(0, -10));
      if (!isRecent) expect(await dumped()).toEqual(ours);
    }
  });

  it('restores what older servers wrote as it is read here', async () => {
    const texts = [
      'a',
      '12',
      '-1',
      '300',
      '-70000',
      '9'.repeat(10),
      '-9223372036854775808',
      'x'.repeat(300),
    ];
    // biome-ignore format: a table reads in columns
    const payloads: [ValueKind, Buffer][] = [
      [VALUE_KIND.LIST, payloadWrap(RDB_TYPE.LIST_ZIPLIST, rdbString(ziplist(texts)))],
      [VALUE_KIND.HASH, payloadWrap(RDB_TYPE.HASH_ZIPLIST, rdbString(ziplist(texts)))],
      [VALUE_KIND.HASH, payloadWrap(RDB_TYPE.HASH_ZIPMAP, rdbString(zipmap(texts)))],
      [VALUE_KIND.ZSET, payloadWrap(RDB_TYPE.ZSET_ZIPLIST, rdbString(ziplist(['a', '-inf', 'b', '1', 'c', '2.5'])))],
    ];
    for (const [kind, payload] of payloads) {
      expect(normal(await restored(payload, kind))).toBe(normal(payloadValue(payload)));
    }
  });

  it('takes and gives large values', async () => {
    const elements = Array.from({ length: 3000 }, (_, n) => ({
      text: `${n} ${'and on '.repeat(n % 50 === 0 ? 3000 : 1)}`,
    }));
    const value = { kind: VALUE_KIND.LIST, elements };
    const back = await restored(payloadOf(value, RDB_TYPE.LIST_QUICKLIST_2), VALUE_KIND.LIST);
    expect(normal(back)).toBe(normal(value));
    expect(normal(payloadValue(await dumped()))).toBe(normal(value));
    const noise = randomBytes(300_000).toString('latin1');
    const long = { kind: VALUE_KIND.STRING, elements: [{ text: noise + 'a'.repeat(3e6) }] };
    await restored(payloadOf(long, RDB_TYPE.STRING), VALUE_KIND.STRING);
    expect(normal(payloadValue(await dumped()))).toBe(normal(long));
  });

  it('agrees on how long the size behind a long entry of a listpack is', async () => {
    for (const bytes of [16376, 16378, 16379, 2097144, 2097145, 2097146, 2097147, 2097148]) {
      const hash = { kind: VALUE_KIND.HASH, elements: [{ text: 'f', value: 'v'.repeat(bytes) }] };
      const back = await restored(payloadOf(hash, RDB_TYPE.HASH_LISTPACK), VALUE_KIND.HASH);
      expect(normal(back)).toBe(normal(hash));
      expect(normal(payloadValue(await dumped()))).toBe(normal(hash));
    }
  });

  // Not the other way round: it reads on into the footer, for one, where a string claims too much.
  it('refuses no value that is taken here', async () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    for (const [, kind, elementsOf, types] of KINDS) {
      await fc.assert(
        fc.asyncProperty(elementsOf, change, async (elements, [at, byte]) => {
          for (const type of types) {
            const bytes = payloadOf({ kind, elements }, type).subarray(1, -10);
            bytes[at % bytes.length] = byte;
            const payload = payloadWrap(type, bytes);
            const value = payloadValue(payload);
            const names = new Set(value?.elements.map(NAME));
            // Members that come twice are the sink's to refuse.
            const isSet = kind !== VALUE_KIND.LIST && kind !== VALUE_KIND.STRING;
            if (value === null || (isSet && names.size < value.elements.length)) continue;
            expect(await restore(payload)).toBe('OK');
          }
        }),
        { numRuns: RUNS * 2 },
      );
    }
  });

  it('finds a wrong checksum and an unknown version wrong, as is found here', async () => {
    const payload = payloadOf(
      { kind: VALUE_KIND.STRING, elements: [{ text: 'a' }] },
      RDB_TYPE.STRING,
    );
    const wrong = '-ERR DUMP payload version or checksum are wrong';
    for (let at = 0; at < payload.length; at++) {
      const changed = Buffer.from(payload);
      changed[at] ^= 0x40;
      expect(await restore(changed)).toBe(wrong);
      expect(payloadIsSound(changed, 0, changed.length)).toBe(false);
    }
  });
});
