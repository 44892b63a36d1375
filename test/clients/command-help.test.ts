/** What redis-cli says of commands: it makes that of COMMAND DOCS, of ours and of the real server's. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const hasCli = spawnSync('redis-cli', ['--version']).status === 0;
const peer = redisFind();

const GROUPS = [
  'bitmap',
  'connection',
  'generic',
  'geo',
  'hash',
  'hyperloglog',
  'list',
  'pubsub',
  'scripting',
  'server',
  'set',
  'sorted-set',
  'stream',
  'string',
  'transactions',
  'cluster',
];

/** Commands whose arguments are others than those of redis-server 7.0, and why. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['ACL CAT', 'another name'],
  ['ACL SETUSER', 'rules may be missing only since 7.2'],
  ['BITCOUNT', 'the end may be missing since 8.0'],
  ['BITOP', 'ours names the operations'],
  ['CLIENT KILL', 'filters are written as one list there; MAXAGE is of 7.4'],
  ['COMMAND GETKEYS', 'there they have no arguments'],
  ['COMMAND GETKEYSANDFLAGS', 'there they have no arguments'],
  ['DEBUG', 'there it has no arguments'],
  ['EVAL', 'keys and arguments are written otherwise'],
  ['GEOHASH', 'members may be missing since 7.2'],
  ['GEOPOS', 'members may be missing since 7.2'],
  ['HSCAN', 'NOVALUES is of 7.4'],
  ['LCS', 'another name, since 7.2'],
  ['MIGRATE', 'alternatives are written otherwise'],
  ['PFDEBUG', 'ours names the subcommands'],
  ['PFMERGE', 'sources may be missing since 7.2'],
  ['XCLAIM', 'another name, since 7.2'],
  ['XGROUP CREATECONSUMER', 'another name, since 7.2'],
  ['XGROUP DELCONSUMER', 'another name, since 7.2'],
  ['XSETID', 'another name, since 7.2'],
  ['ZRANK', 'WITHSCORE is of 7.2'],
  ['ZREVRANK', 'WITHSCORE is of 7.2'],
  ['ZSCAN', 'NOSCORES is of 7.4'],
]);

/** By command, what redis-cli says of its arguments. */
function hintsOf(server: RespServer): Map<string, string> {
  const hints = new Map<string, string>();
  for (const group of GROUPS) {
    const { stdout } = spawnSync('redis-cli', ['-p', `${server.port}`, 'help', `@${group}`], {
      encoding: 'latin1',
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are colours
    for (const [, name, hint] of stdout.matchAll(/\x1b\[1m(.*?)\x1b\[0m \x1b\[90m(.*?)\x1b\[0m/g)) {
      hints.set(name.toUpperCase(), hint.replaceAll('_', '-')); // as names are since 7.2
    }
  }
  return hints;
}

describe.skipIf(!hasCli || peer === null)('redis-cli help (skipped without redis-server)', () => {
  let ours: RespServer;
  let theirs: RespServer;
  beforeAll(async () => {
    ours = await respSpawn();
    if (peer !== null) theirs = await redisSpawn(peer.command);
  });
  afterAll(async () => {
    await ours.stop();
    await theirs.stop();
  });

  it.skipIf(peer?.version.startsWith('7.0.') !== true)('says the same of both', () => {
    const own = hintsOf(ours);
    const real = hintsOf(theirs);
    const common = [...own.keys()].filter((name) => real.has(name));
    expect(common.length).toBeGreaterThan(200);
    const differences = common
      .filter((name) => !KNOWN.has(name) && own.get(name) !== real.get(name))
      .map((name) => `${name}: ${own.get(name)}, not ${real.get(name)}`);
    expect(differences).toEqual([]);
  });
});
