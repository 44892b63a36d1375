/**
 * Random rules, for the same user on the real redis-server and on ours: what is wrong with them, what the
 * user is then, and which requests he may make have to be the same. And what ours says of him has to make
 * the same user of theirs.
 *
 * FLAGSTONE_SEED=N repeats a run, FLAGSTONE_LONG=1 makes it a long one; REDIS_PEER names a redis-server other
 * than that of the PATH.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient, RespReply } from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { shown } from './session.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const RUNS = process.env['FLAGSTONE_LONG'] === '1' ? 5000 : 120;
const TEST_MS_MAX = 60_000 + RUNS * 500;

const installed = redisFind();
const title =
  installed === null
    ? 'ours and redis-server (skipped: no `redis-server` on the PATH, and REDIS_PEER names none)'
    : `ours and redis-server ${installed.version}`;

// ── Rules ───────────────────────────────────────────────────────────────────────────────────────

const COMMANDS = [
  'get', 'set', 'GETSET', 'mget', 'del', 'lpush', 'sort', 'publish', 'subscribe', 'psubscribe', 'select',
  'config', 'config|get', 'config|set', 'object', 'object|encoding', 'client', 'client|id', 'memory',
  'memory|usage', 'eval', 'xadd', 'xinfo|stream', 'multi', 'debug', 'nosuch', 'config|nosuch', 'get|a|b',
]; // biome-ignore format: words
const CATEGORIES = [
  'read', 'write', 'string', 'list', 'set', 'sortedset', 'hash', 'keyspace', 'slow', 'fast', 'admin',
  'dangerous', 'pubsub', 'connection', 'transaction', 'scripting', 'stream', 'nosuch', 'GEO',
]; // biome-ignore format: words
const PATTERNS = ['*', 'a*', 'b?', '[a-c]x', 'news:*', 'ax', 'with\\*star', ''];
const WORDS = [
  'on', 'off', 'nopass', 'resetpass', 'allkeys', 'resetkeys', 'allchannels', 'resetchannels',
  'allcommands', 'nocommands', '+@all', '-@all', 'sanitize-payload', 'skip-sanitize-payload', 'OFF',
]; // biome-ignore format: words
const ODD = [
  '',
  'x',
  '%~a',
  '%RR~a',
  '+',
  '-',
  '+select|0',
  '+select|1',
  '+debug|',
  '-select|0',
  '#12',
  '+config|get|x',
];

const command = fc
  .tuple(fc.constantFrom('+', '-'), fc.constantFrom(...COMMANDS))
  .map((two) => two.join(''));
const category = fc
  .tuple(fc.constantFrom('+@', '-@'), fc.constantFrom(...CATEGORIES))
  .map((two) => two.join(''));
const pattern = fc
  .tuple(
    fc.constantFrom('~', '~', '%R~', '%W~', '%RW~', '%w~', '&', '&'),
    fc.constantFrom(...PATTERNS),
  )
  .map((two) => two.join(''));
const password = fc
  .tuple(fc.constantFrom('>', '<'), fc.constantFrom('one', 'two', 'three'))
  .map((two) => two.join(''));
const word = fc.constantFrom(...WORDS);
const ofSelector = fc.oneof(
  { weight: 4, arbitrary: command },
  { weight: 3, arbitrary: category },
  { weight: 4, arbitrary: pattern },
  {
    weight: 1,
    arbitrary: fc.constantFrom('allkeys', 'resetkeys', 'resetchannels', '+@all', '-@all'),
  },
);
const selector = fc
  .tuple(fc.array(ofSelector, { maxLength: 5 }), fc.boolean())
  .map(([rules, isOne]) =>
    isOne ? [`(${rules.join(' ')})`] : `( ${rules.join(' ')} )`.split(' '),
  );
const rule = fc.oneof(
  { weight: 12, arbitrary: ofSelector.map((one) => [one]) },
  { weight: 3, arbitrary: word.map((one) => [one]) },
  { weight: 2, arbitrary: password.map((one) => [one]) },
  { weight: 2, arbitrary: selector },
  { weight: 1, arbitrary: fc.constantFrom('reset', 'clearselectors', ...ODD).map((one) => [one]) },
);
/** Several SETUSERs, one after the other. */
const changes = fc.array(
  fc.array(rule, { maxLength: 6 }).map((rules) => rules.flat()),
  {
    minLength: 1,
    maxLength: 5,
  },
);

// ── Requests ────────────────────────────────────────────────────────────────────────────────────

const REQUESTS = [
  'get ax', 'get bx', 'get other', 'set ax v', 'set bx v get', 'set cx v', 'getset ax v', 'mget ax bx other',
  'del ax bx', 'lpush ax v', 'copy ax bx', 'rename bx ax', 'sort ax store bx', 'sort ax by w* get v*',
  'publish news:1 x', 'publish ax x', 'subscribe news:1 ax', 'psubscribe news:*', 'psubscribe a*', 'ssubscribe ax',
  'unsubscribe other', 'select 0', 'select 1', 'config get x', 'config set x y', 'object encoding ax', 'client id',
  'client kill x', 'memory usage bx', 'memory doctor', 'multi', 'exec', 'ping', 'auth x', 'hello', 'exists cx',
  'georadius ax 0 0 1 m store bx', 'zunionstore ax 2 bx cx', 'bitfield ax get u4 0', 'bitfield ax incrby u4 0 1',
  'hexpire', 'flushall', 'acl whoami', 'acl list', 'debug object ax', 'keys *', 'eval x 1 ax', 'eval_ro x 2 ax cx', 'xadd ax * f v', 'xread streams ax bx 0 0', 'xlen bx', 'script flush', 'touch ax', 'save',
  'pfcount ax bx', 'hset ax f v', 'hget ax f', 'hexists ax f', 'sismember bx m', 'strlen cx', 'get with*star', 'slowlog get',
]; // biome-ignore format: words

/** 7.0 does not say who may not. */
function said(reply: RespReply): string {
  return shown(reply).replace(/(This user|User u\d?) has no/, 'he has no');
}

/**
 * A user as ACL GETUSER shows him, but for the rules about commands, which 7.0 puts in its own way; nor does it
 * say that payloads are looked at unless somebody said so.
 */
function withoutCommands(reply: RespReply): string {
  const text = shown(reply).replace(/"commands"[ ,]*"[^"]*"/g, '"commands" …');
  return text.replace(', "sanitize-payload"', '');
}

describe.skipIf(installed === null)(title, () => {
  let servers: RespServer[] = [];
  let ours: RespClient;
  let theirs: RespClient;
  let requests: readonly string[] = [];

  beforeAll(async () => {
    servers = [await respSpawn(), await redisSpawn(installed?.command ?? '')];
    [ours, theirs] = servers.map((server) => server.client());
    for (const client of [ours, theirs])
      await client.call('acl', 'setuser', 'all', '+@all', '~*', '&*');
    const known: string[] = [];
    for (const request of REQUESTS) {
      const replies = [await dryRun(ours, 'all', request), await dryRun(theirs, 'all', request)];
      if (replies.every((reply) => reply === '+OK')) known.push(request);
    }
    requests = known;
    expect(known.length).toBeGreaterThan(REQUESTS.length - 8);
  }, TEST_MS_MAX);
  afterAll(async () => {
    for (const client of [ours, theirs]) client.end();
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function dryRun(client: RespClient, user: string, request: string): Promise<string> {
    return said(await client.call('acl', 'dryrun', user, ...request.split(' ')));
  }

  async function dryRuns(client: RespClient, user: string): Promise<readonly string[]> {
    const replies: string[] = [];
    for (const request of requests) client.send('acl', 'dryrun', user, ...request.split(' '));
    for (const request of requests) replies.push(`${request}: ${said(await client.read())}`);
    return replies;
  }

  it('have the same commands in every category', async () => {
    const members = async (client: RespClient, category: string): Promise<string[]> =>
      ((await client.call('acl', 'cat', category)) as string[]).sort();
    const all = async (client: RespClient): Promise<ReadonlySet<string>> =>
      new Set([...(await members(client, 'slow')), ...(await members(client, 'fast'))]);
    const [here, there] = [await all(ours), await all(theirs)];
    // WAIT blocks from 7.2 on.
    const isBoth = (name: string): boolean => here.has(name) && there.has(name) && name !== 'wait';
    const categories = (await ours.call('acl', 'cat')) as string[];
    expect(categories).toEqual(await theirs.call('acl', 'cat'));
    for (const category of categories) {
      const lists = [await members(ours, category), await members(theirs, category)];
      const [mine, others] = lists.map((names) => names.filter(isBoth));
      expect(mine, category).toEqual(others);
    }
  });

  it(
    'make the same users of the same rules',
    async () => {
      await fc.assert(
        fc.asyncProperty(changes, async (all) => {
          for (const client of [ours, theirs]) await client.call('acl', 'deluser', 'u', 'u2');
          for (const rules of all) {
            const replies = [
              await ours.call('acl', 'setuser', 'u', ...rules),
              await theirs.call('acl', 'setuser', 'u', ...rules),
            ];
            expect(said(replies[0])).toBe(said(replies[1]));
          }
          const users = [
            await ours.call('acl', 'getuser', 'u'),
            await theirs.call('acl', 'getuser', 'u'),
          ];
          expect(withoutCommands(users[0])).toBe(withoutCommands(users[1]));
          if (users[0] === null) return;
          const mine = await dryRuns(ours, 'u');
          expect(mine).toEqual(await dryRuns(theirs, 'u'));
          const line = ((await ours.call('acl', 'list')) as string[]).find((one) =>
            one.startsWith('user u '),
          );
          const rules = (line ?? '').split(' ').slice(2);
          expect(shown(await theirs.call('acl', 'setuser', 'u2', 'reset', ...rules))).toBe('+OK');
          expect(await dryRuns(theirs, 'u2')).toEqual(mine);
        }),
        { numRuns: RUNS, seed: SEED },
      );
    },
    TEST_MS_MAX,
  );
});
