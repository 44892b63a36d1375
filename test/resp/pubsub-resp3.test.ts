/** Publish and subscribe with RESP3, where messages are pushes between replies; and with CLIENT REPLY. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, type RespReply, RespSimple, RespTyped } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';

const push = (...parts: RespReply[]): RespTyped => new RespTyped('push', parts);
const PONG = new RespSimple('PONG');
const OK = new RespSimple('OK');

describe.each([1, 3])('messages and replies with %i threads', (threadCount) => {
  let server: RespServer;
  let client: RespClient;
  let other: RespClient;

  beforeAll(async () => {
    server = await respSpawn(['-t', `${threadCount}`]);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    client = server.client();
    await client.call('hello', 3);
    other = server.client();
  });
  afterEach(() => {
    client.end();
    other.end();
  });

  async function reads(count: number): Promise<RespReply[]> {
    const replies: RespReply[] = [];
    for (let n = 0; n < count; n++) replies.push(await client.read());
    return replies;
  }

  it('a subscriber may ask for anything', async () => {
    client.send('subscribe', 'a', 'b');
    expect(await reads(2)).toEqual([push('subscribe', 'a', 1), push('subscribe', 'b', 2)]);
    expect(await client.call('set', 'k', 'v')).toEqual(OK);
    expect(await client.call('ping')).toEqual(PONG);
    expect(await client.call('unsubscribe', 'a')).toEqual(push('unsubscribe', 'a', 1));
    expect(await client.call('psubscribe', 'p*')).toEqual(push('psubscribe', 'p*', 2));
    expect(await client.call('ssubscribe', 's')).toEqual(push('ssubscribe', 's', 1));
    await other.call('publish', 'b', '1');
    await other.call('publish', 'pp', '2');
    await other.call('spublish', 's', '3');
    expect(await reads(3)).toEqual([
      push('message', 'b', '1'),
      push('pmessage', 'p*', 'pp', '2'),
      push('smessage', 's', '3'),
    ]);
    client.send('unsubscribe');
    client.send('punsubscribe');
    client.send('unsubscribe');
    expect(await reads(3)).toEqual([
      push('unsubscribe', 'b', 1),
      push('punsubscribe', 'p*', 0),
      push('unsubscribe', null, 0),
    ]);
  });

  it('its own message comes behind the reply to PUBLISH, and to EXEC', async () => {
    await client.call('subscribe', 'c');
    client.send('publish', 'c', '1');
    client.send('ping');
    expect(await reads(3)).toEqual([1, push('message', 'c', '1'), PONG]);
    for (const words of [['multi'], ['ping', 'x'], ['publish', 'c', '2'], ['publish', 'c', '3']]) {
      await client.call(...words);
    }
    client.send('ping', 'y');
    await client.read();
    client.send('exec');
    expect(await reads(3)).toEqual([
      ['x', 1, 1, 'y'],
      push('message', 'c', '2'),
      push('message', 'c', '3'),
    ]);
  });

  it('messages come while CLIENT REPLY is off, and so do confirmations', async () => {
    client.send('client', 'reply', 'off');
    client.send('ping');
    expect(await client.call('subscribe', 'c')).toEqual(push('subscribe', 'c', 1));
    client.send('nonsense');
    expect(await client.call('psubscribe', 'c*')).toEqual(push('psubscribe', 'c*', 2));
    expect(await other.call('publish', 'c', 'm')).toBe(2);
    expect(await reads(2)).toEqual([push('message', 'c', 'm'), push('pmessage', 'c*', 'c', 'm')]);
    client.send('publish', 'c', 'own');
    expect(await reads(2)).toEqual([
      push('message', 'c', 'own'),
      push('pmessage', 'c*', 'c', 'own'),
    ]);
    expect(await client.call('unsubscribe', 'c')).toEqual(push('unsubscribe', 'c', 1));
    expect(await client.call('punsubscribe', 'c*')).toEqual(push('punsubscribe', 'c*', 0));
    client.send('ping');
    expect(await client.call('client', 'reply', 'on')).toEqual(OK);
  });

  it('CLIENT REPLY SKIP keeps one reply back, of whatever kind and length', async () => {
    await client.call('set', 'long', 'x'.repeat(300_000));
    client.send('ping', 'before');
    client.send('client', 'reply', 'skip');
    client.send('get', 'long');
    client.send('ping', 'behind');
    expect(await reads(2)).toEqual(['before', 'behind']);
    client.send('client', 'reply', 'skip');
    client.send('nonsense');
    client.send('client', 'reply', 'skip');
    client.send('subscribe', 'c');
    client.send('ping');
    expect(await reads(2)).toEqual([push('subscribe', 'c', 1), PONG]);
    client.send('client', 'reply', 'skip');
    client.send('blpop', 'list', '0.01');
    client.send('ping');
    expect(await client.read()).toEqual(PONG);
  });

  it('a transaction can be run in silence', async () => {
    client.send('client', 'reply', 'off');
    for (const words of [['multi'], ['set', 'k', '1'], ['set', 'k', '2'], ['exec']]) {
      client.send(...words);
    }
    expect(await client.call('client', 'reply', 'on')).toEqual(OK);
    expect(await client.call('get', 'k')).toBe('2');
  });

  it('RESET ends all subscriptions', async () => {
    client.send('subscribe', 'c', 'd');
    await client.read();
    await client.read();
    expect(await client.call('reset')).toEqual(new RespSimple('RESET'));
    expect(await other.call('publish', 'c', 'x')).toBe(0);
    expect(await client.call('ping')).toEqual(PONG);
  });

  it('who turns to RESP2 gets arrays from then on', async () => {
    await client.call('subscribe', 'c');
    await client.call('hello', 2);
    await other.call('publish', 'c', 'x');
    expect(await client.read()).toEqual(['message', 'c', 'x']);
  });
});
