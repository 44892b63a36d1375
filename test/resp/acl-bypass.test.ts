/**
 * Random requests of users who may not: who has no key changes and learns nothing, who may only read
 * changes nothing, who may only write learns nothing. So each row's keys, and what it says of their
 * use, are held to what the command does.
 *
 * FLAGSTONE_SEED=N repeats a run, FLAGSTONE_LONG=1 makes it a long one.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RespClient, RespError, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { wordsCall } from './blocked.ts';
import { anyRequest, type Request } from './requests.ts';
import { shown } from './session.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const REQUESTS = process.env['FLAGSTONE_LONG'] === '1' ? 100_000 : 2500;
/** What is written over is written anew so often. */
const REQUESTS_BETWEEN = 100;
const TEST_MS_MAX = 60_000 + REQUESTS * 10;
const OK = new RespSimple('OK');
/** Commands about the connection, or with more than one reply or none. */
const LEFT_OUT =
  /^(quit|client|monitor|p?unsubscribe|sunsubscribe|reset|hello|auth|wait|waitaof)$/i;
/** In all values, and in no request. */
const SECRET = 'S3cret';

let server: RespServer;
let admin: RespClient;
let client: RespClient;

beforeAll(async () => {
  server = await respSpawn();
});
afterAll(() => server.stop());
beforeEach(async () => {
  admin = server.client();
  client = server.client();
  await wordsCall(
    admin,
    'acl setuser root on nopass ~* &* +@all',
    'auth root x',
    'acl setuser default off',
  );
  await admin.call('flushall');
});
afterEach(() => {
  admin.end();
  client.end();
});

/** Values of all types under the names that requests use. */
async function secretsWrite(): Promise<void> {
  const writes: string[] = [];
  for (const name of ['a', 'b', 'c', '{a}1', '{a}2', 'str']) writes.push(`set ${name} ${SECRET}`);
  for (const name of ['list', 'l2']) writes.push(`rpush ${name} 1 ${SECRET} 2`);
  for (const name of ['set', 's2', 's3']) writes.push(`sadd ${name} ${SECRET} m1`);
  for (const name of ['zset', 'z2', 'z3', 'lex', 'lex2'])
    writes.push(`zadd ${name} 1 ${SECRET} 1 m1`);
  for (const name of ['hash', 'h2']) writes.push(`hset ${name} f ${SECRET} ${SECRET} v`);
  // To count is to read; but it leaves the count with the value, so that is there from the start.
  for (const name of ['hll', 'hll2']) writes.push(`pfadd ${name} ${SECRET}`, `pfcount ${name}`);
  for (const name of ['geo', 'geo2']) writes.push(`geoadd ${name} 1 1 ${SECRET} 2 2 m1`);
  for (const name of ['stream', 'st2']) {
    writes.push(`xadd ${name} 1-1 f ${SECRET}`, `xgroup create ${name} g1 0 mkstream`);
  }
  await admin.call('flushall');
  for (const write of writes)
    expect(await admin.call(...write.split(' '))).not.toBeInstanceOf(RespError);
}

/** All keys and what they hold. */
async function everything(): Promise<readonly string[]> {
  const keys = ((await admin.call('keys', '*')) as string[]).sort();
  const held: string[] = [];
  for (const key of keys) held.push(`${key}: ${shown(await admin.call('dump', key))}`);
  return held;
}

const requestAny = anyRequest.filter(([name]) => !LEFT_OUT.test(name));

/** Has a user whom the rules make ask for all kinds of things. */
async function tryAll(
  rules: string,
  check: (request: Request, reply: string) => void,
  rewrites: boolean,
): Promise<void> {
  await admin.call(
    'acl',
    'setuser',
    'u',
    'reset',
    'on',
    'nopass',
    '+@all',
    '-@admin',
    '-@blocking',
    '-@dangerous',
    '+sort',
    '+sort_ro',
    ...rules.split(' '),
  );
  await secretsWrite();
  const requests = fc.sample(requestAny, { numRuns: REQUESTS, seed: SEED });
  for (const [at, request] of requests.entries()) {
    if (rewrites && at % REQUESTS_BETWEEN === 0) await secretsWrite();
    expect(await client.call('auth', 'u', 'x')).toEqual(OK);
    check(request, shown(await client.call(...request)));
    await client.call('discard');
  }
}

describe('a user', () => {
  it(
    'without keys learns and changes nothing',
    async () => {
      await secretsWrite();
      const before = await everything();
      await tryAll(
        'resetkeys',
        (request, reply) => expect(reply, request.join(' ')).not.toContain(SECRET),
        false,
      );
      expect(await everything()).toEqual(before);
    },
    TEST_MS_MAX,
  );

  it(
    'who may only read changes nothing',
    async () => {
      await secretsWrite();
      const before = await everything();
      let learnt = 0;
      await tryAll('%R~*', (_, reply) => (learnt += reply.includes(SECRET) ? 1 : 0), false);
      expect(await everything()).toEqual(before);
      expect(learnt).toBeGreaterThan(REQUESTS / 100);
    },
    TEST_MS_MAX,
  );

  it(
    'who may only write learns nothing',
    async () => {
      let refused = 0;
      await tryAll(
        '%W~*',
        (request, reply) => {
          expect(reply, request.join(' ')).not.toContain(SECRET);
          if (reply.startsWith('-NOPERM')) refused++;
        },
        true,
      );
      expect(refused).toBeLessThan(REQUESTS * 0.75);
    },
    TEST_MS_MAX,
  );
});
