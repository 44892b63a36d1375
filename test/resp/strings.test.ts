/** The commands on strings, bits and HyperLogLogs, as scripted sessions; and what needs more than words. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import type { RespServer } from '../support/resp-server.ts';
import { BITMAP_SESSIONS, HYPERLOGLOG_SESSIONS } from './bitmap-sessions.ts';
import { shown } from './session.ts';
import { sessionsTry, THEIRS, THEIRS_RUN } from './session-suite.ts';
import { NUMBER_SESSIONS, STRING_RANGE_SESSIONS, STRING_SESSIONS } from './string-sessions.ts';

const SESSIONS = [
  ...STRING_SESSIONS,
  ...STRING_RANGE_SESSIONS,
  ...NUMBER_SESSIONS,
  ...BITMAP_SESSIONS,
  ...HYPERLOGLOG_SESSIONS,
];
const KIB = 1024;

/** Requests, and the key events that come of each. */
const EVENTS: readonly (readonly [request: string, events: readonly string[]])[] = [
  ['get a', ['keymiss a']],
  ['set a 1', ['set a']],
  ['set a 2 ex 100', ['set a', 'expire a']],
  ['set a 2 nx', []],
  ['setex a 100 2', ['set a', 'expire a']],
  ['getset a 3', ['set a']],
  ['getex a ex 100', ['expire a']],
  ['getex a persist', ['persist a']],
  ['getex a', []],
  ['incr a', ['incrby a']],
  ['incrbyfloat a 0.5', ['incrbyfloat a']],
  ['append a x', ['append a']],
  ['setrange a 0 x', ['setrange a']],
  ['incr a', []],
  ['getdel a', ['del a']],
  ['mset a 1 b 2', ['set a', 'set b']],
  ['mget a none b', ['keymiss none']],
  ['setbit bits 1 1', ['setbit bits']],
  ['bitfield bits set u8 0 1', ['setbit bits']],
  ['bitfield bits get u8 0', []],
  ['bitop not b a', ['set b']],
  ['bitop and b none none', ['keymiss none', 'keymiss none', 'del b']],
  ['pfadd h x', ['pfadd h']],
  ['pfadd h x', []],
  ['pfmerge h2 h', ['keymiss h2', 'pfadd h2']],
  ['set end 1', ['set end']],
];

/** The events that the requests of EVENTS cause, with the key of each. */
async function eventsCause(at: RespServer): Promise<string[]> {
  const [client, listener] = [at.client(), at.client()];
  await client.call('flushall');
  await client.call('config', 'set', 'notify-keyspace-events', 'EAm');
  await listener.call('psubscribe', '__keyevent@0__:*');
  for (const [request] of EVENTS) await client.call(...request.split(' '));
  const events: string[] = [];
  while (events.at(-1) !== 'set end') {
    const [, , channel, key] = (await listener.read()) as string[];
    events.push(`${channel?.slice('__keyevent@0__:'.length)} ${key}`);
  }
  await client.call('config', 'set', 'notify-keyspace-events', '');
  client.end();
  listener.end();
  return events;
}

const EVENTS_ALL = EVENTS.flatMap(([, events]) => events);

const { ours: ourRunning, theirs } = sessionsTry(SESSIONS);
let ours: RespClient;
beforeAll(() => {
  ours = ourRunning.client;
});

describe('strings', () => {
  it('tells what happens to keys', async () => {
    expect(await eventsCause(ourRunning.server)).toEqual(EVENTS_ALL);
  });

  it.skipIf(!THEIRS_RUN)(`tells the same as ${THEIRS}`, async () => {
    expect(await eventsCause(theirs.server)).toEqual(EVENTS_ALL);
  });

  it('has values of many MB, which are read, changed and counted in parts', async () => {
    await ours.call('flushall');
    const text = 'abcdefghij'.repeat(KIB * 200);
    expect(shown(await ours.call('set', 'a', text))).toBe('+OK');
    expect(await ours.call('append', 'a', text)).toBe(2 * text.length);
    expect(await ours.call('get', 'a')).toBe(text + text);
    expect(await ours.call('getrange', 'a', '1999995', '2000004')).toBe('fghijabcde');
    expect(await ours.call('setrange', 'a', '2000000', 'ABC')).toBe(2 * text.length);
    expect(await ours.call('getrange', 'a', '1999995', '2000004')).toBe('fghijABCde');
    expect(await ours.call('bitop', 'not', 'b', 'a')).toBe(2 * text.length);
    const [ones, zeros] = [await ours.call('bitcount', 'a'), await ours.call('bitcount', 'b')];
    expect(Number(ones) + Number(zeros)).toBe(16 * text.length);
    expect(await ours.call('bitop', 'xor', 'c', 'a', 'b')).toBe(2 * text.length);
    expect(await ours.call('bitpos', 'c', '0')).toBe(16 * text.length);
    expect(await ours.call('set', 'a', 'x', 'get')).toBe(
      `${text.slice(0, 2_000_000)}ABC${text.slice(2_000_003)}${text}`,
    );
  });

  it('leaves values as they are when there is no room for others', async () => {
    await ours.call('flushall');
    await ours.call('set', 'a', 'old');
    for (const request of [
      ['setrange', 'a', '400000000', 'x'],
      ['setbit', 'a', '3200000000', '1'],
      ['bitfield', 'a', 'set', 'u8', '3200000000', '1'],
    ]) {
      expect(shown(await ours.call(...request)), request[0]).toMatch(/^-OOM /);
    }
    expect(await ours.call('get', 'a')).toBe('old');
  });

  it('refuses a subsequence for which the table would be too large', async () => {
    await ours.call('flushall');
    await ours.call('set', 'a', 'x'.repeat(20_000));
    expect(shown(await ours.call('lcs', 'a', 'a', 'len'))).toBe(
      '-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
    );
  });
});
