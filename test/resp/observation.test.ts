/** What is noted of commands, on whatever threads they run: SLOWLOG, LATENCY and INFO. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { type RespServer, respConfSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { wordsCall } from './blocked.ts';

const MANY = 8;

let server: RespServer;
let clients: RespClient[] = [];
let asker: RespClient;

beforeAll(async () => {
  server = await respConfSpawn(['--io-threads', '3', '--enable-debug-command', 'yes']);
});
afterAll(() => server.stop());
beforeEach(async () => {
  asker = client();
  await wordsCall(asker, 'flushall', 'latency reset', 'slowlog reset', 'config resetstat');
});
afterEach(() => {
  for (const one of clients) one.end();
  clients = [];
});

function client(): RespClient {
  const one = server.client();
  clients.push(one);
  return one;
}

async function infoLine(section: string, name: string): Promise<string> {
  const text = `${await asker.call('info', section)}`;
  return text.match(new RegExp(`^${name}:(.*)\r$`, 'm'))?.[1] ?? 'none';
}

describe('SLOWLOG', () => {
  beforeEach(async () => {
    await wordsCall(
      asker,
      'config set slowlog-log-slower-than 0 slowlog-max-len 1000',
      'slowlog reset',
    );
  });
  afterEach(async () => {
    await wordsCall(asker, 'config set slowlog-log-slower-than 10000 slowlog-max-len 128');
  });

  type Entry = readonly [
    id: number,
    atSec: number,
    us: number,
    words: string[],
    from: string,
    name: string,
  ];
  const entries = async (count = -1): Promise<readonly Entry[]> =>
    (await asker.call('slowlog', 'get', count)) as unknown as readonly Entry[];

  it('has the commands of all threads, the last first', async () => {
    const others = Array.from({ length: MANY }, () => client());
    for (const [n, one] of others.entries()) {
      await wordsCall(one, `client setname c${n}`, `set k${n} v`);
    }
    const found = (await entries()).filter(([, , , words]) => words[0] === 'set');
    expect(found.map(([, , , [, key], , name]) => [key, name])).toEqual(
      Array.from({ length: MANY }, (_, n) => [`k${n}`, `c${n}`]).reverse(),
    );
    const ids = found.map(([id]) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
    await others[0].call('slowlog', 'reset');
    expect((await entries()).length).toBeLessThan(3);
  });

  it('keeps so many, shows so much of each, and no passwords', async () => {
    await asker.call('config', 'set', 'slowlog-max-len', 3);
    await asker.call('rpush', 'l', ...Array.from({ length: 40 }, (_, n) => n));
    await wordsCall(asker, 'auth secret', 'config set masterauth secret requirepass ');
    const found = (await entries()).map(([, , , words]) => words);
    expect(found.length).toBe(3);
    expect(found.flat()).not.toContain('secret');
    const [push] = found.filter(([name]) => name === 'rpush');
    expect(push.length).toBe(32);
    expect(push.at(-1)).toBe('... (11 more arguments)');
  });

  it('has a command that waited once it is answered, behind the one that answered it', async () => {
    const one = client();
    one.send('blpop', 'l', '0');
    await eventually(
      'it waiting',
      () => infoLine('clients', 'blocked_clients'),
      (n) => n === '1',
    );
    const names = async (): Promise<string[]> => (await entries()).map(([, , , words]) => words[0]);
    expect(await names()).not.toContain('blpop');
    await asker.call('rpush', 'l', 'x');
    expect((await names()).slice(0, 3)).toEqual(['blpop', 'rpush', 'slowlog']);
  });
});

describe('LATENCY', () => {
  beforeEach(() => asker.call('config', 'set', 'latency-monitor-threshold', '20'));
  afterEach(() => asker.call('config', 'set', 'latency-monitor-threshold', '0'));

  it('notes on all threads what took long on one', async () => {
    const others = Array.from({ length: MANY }, () => client());
    await others[0].call('debug', 'sleep', '0.03');
    await others[1].call('debug', 'sleep', '0.05');
    for (const one of [asker, ...others]) {
      const [latest] = (await one.call('latency', 'latest')) as readonly (readonly RespReply[])[];
      const [event, atSec, ms, maxMs] = latest;
      expect(event).toBe('command');
      expect(Math.abs(Number(atSec) - Date.now() / 1000)).toBeLessThan(60);
      expect(Number(ms)).toBeGreaterThanOrEqual(50);
      expect(maxMs).toBe(ms);
    }
    const history = (await asker.call('latency', 'history', 'command')) as readonly RespReply[];
    expect(history.length).toBeGreaterThan(0);
    expect(`${await asker.call('latency', 'graph', 'command')}`).toContain('command - high ');
    expect(`${await asker.call('latency', 'doctor')}`).toContain('1. command: ');
    expect(await asker.call('latency', 'reset', 'command')).toBe(1);
    expect(await others[0].call('latency', 'latest')).toEqual([]);
  });
});

describe('INFO counts', () => {
  it('hits and misses of commands that read', async () => {
    await wordsCall(
      asker,
      'mset a 1 b 2',
      'get a',
      'get none',
      'mget a b none',
      'exists a',
      'incr a',
    );
    expect(await infoLine('stats', 'keyspace_hits')).toBe('4');
    expect(await infoLine('stats', 'keyspace_misses')).toBe('2');
  });

  it('calls, those that were refused, and those that failed', async () => {
    await wordsCall(asker, 'set a x', 'incr a', 'incr', 'multi', 'incr a b', 'exec');
    expect(await infoLine('commandstats', 'cmdstat_incr')).toMatch(
      /^calls=1,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=2,failed_calls=1$/,
    );
    expect(await infoLine('errorstats', 'errorstat_ERR')).toBe('count=3');
    expect(await infoLine('errorstats', 'errorstat_EXECABORT')).toBe('count=1');
    expect(await infoLine('stats', 'total_error_replies')).toBe('4');
  });

  it('how long commands took, in percentiles', async () => {
    await wordsCall(asker, 'config set latency-tracking-info-percentiles 50', 'set a 1', 'set a 2');
    expect(await infoLine('latencystats', 'latency_percentiles_usec_set')).toMatch(
      /^p50=\d+\.\d{3}$/,
    );
    await wordsCall(asker, 'config set latency-tracking no', 'config resetstat', 'set a 1');
    expect(await infoLine('latencystats', 'latency_percentiles_usec_set')).toBe('none');
    await asker.call('config', 'set', 'latency-tracking', 'yes');
  });

  it('keys and what expires, in each database', async () => {
    await wordsCall(asker, 'set a 1', 'set b 1 ex 100', 'select 3', 'set a 1', 'select 0');
    expect(await infoLine('keyspace', 'db0')).toMatch(/^keys=2,expires=1,avg_ttl=\d+/);
    expect(await infoLine('keyspace', 'db3')).toMatch(/^keys=1,expires=0,/);
    await asker.call('set', 'gone', '1', 'px', '1');
    await eventually(
      'its end',
      () => infoLine('stats', 'expired_keys'),
      (n) => n === '1',
    );
  });

  it('connections, requests and bytes', async () => {
    await client().call('ping');
    await client().call('echo', 'x'.repeat(1000));
    expect(Number(await infoLine('stats', 'total_connections_received'))).toBe(2);
    expect(Number(await infoLine('stats', 'total_commands_processed'))).toBeGreaterThan(2);
    expect(Number(await infoLine('stats', 'total_net_input_bytes'))).toBeGreaterThan(1000);
    expect(Number(await infoLine('stats', 'total_net_output_bytes'))).toBeGreaterThan(1000);
    expect(Number(await infoLine('debug', 'eventloop_cmd_per_cycle_max'))).toBeGreaterThan(0);
    await eventually(
      'a rate',
      () => infoLine('stats', 'instantaneous_ops_per_sec'),
      (n) => Number(n) > 0,
    );
  });
});
