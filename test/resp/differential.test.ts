/**
 * Random sessions, the same against the real redis-server and against ours, over RESP2 and RESP3: every
 * reply has to be the same, but for the order of what has none, and what `known` explains.
 *
 * FLAGSTONE_SEED=N repeats a run, FLAGSTONE_LONG=1 makes it a long one; REDIS_PEER names a redis-server other
 * than that of the PATH.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type RespClient,
  RespError,
  type RespReply,
  RespSimple,
  RespTyped,
} from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { anyRequest, type Request } from './requests.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const RUNS = process.env['FLAGSTONE_LONG'] === '1' ? 20_000 : 150;
const TEST_MS_MAX = 60_000 + RUNS * 500;
const REQUESTS_MAX = 60;
const CONNECTIONS = 3;

const installed = redisFind();
const title =
  installed === null
    ? 'ours and redis-server (skipped: no `redis-server` on the PATH, and REDIS_PEER names none)'
    : `ours and redis-server ${installed.version}`;

/** A request, and on which connection. */
type Step = { readonly connection: number; readonly request: Request };

const step: fc.Arbitrary<Step> = fc
  .record({ connection: fc.nat(CONNECTIONS - 1), request: anyRequest })
  .map((one) => ({
    ...one,
    [fc.toStringMethod]: () => `\n  ${one.connection}: ${one.request.map(quoted).join(' ')}`,
  }));

function quoted(word: string): string {
  return /^[!-~]+$/.test(word) ? word : JSON.stringify(word);
}

/** Replies whose elements come in any order: pairs stay together. */
const UNORDERED: Record<string, 1 | 2> = {
  keys: 1,
  smembers: 1,
  sinter: 1,
  sunion: 1,
  sdiff: 1,
  hkeys: 1,
  hvals: 1,
  hgetall: 2,
};
const SCANS: Record<string, 1 | 2> = { scan: 1, sscan: 1, hscan: 2, zscan: 2 };

/** Scores and distances: up to 7.0 with 17 digits, from 7.2 on with as many as it takes. */
const PRINTS_DOUBLES = /^(z|geo|bz|sort)/;
const DOUBLE_TEXT = /(?<=")-?\d+(\.\d+)?(e[+-]?\d+)?(?=")/g;

/** A reply as text that two servers share. */
function normal(request: Request, reply: RespReply): string {
  const text = normalOrder(request, reply);
  // Short lists are listpacks from 7.2 on.
  if (request[0] === 'object') return text.replace('quicklist', 'listpack');
  if (!PRINTS_DOUBLES.test(request[0])) return text;
  return text.replace(DOUBLE_TEXT, (number) => String(Number(number)));
}

function normalOrder(request: Request, reply: RespReply): string {
  const command = request[0];
  const each = UNORDERED[command];
  if (each !== undefined) return shown(sorted(reply, each));
  const scanned = SCANS[command];
  if (scanned !== undefined && Array.isArray(reply)) return shown(sorted(reply[1], scanned));
  return shown(reply);
}

function sorted(reply: RespReply, each: 1 | 2): RespReply {
  if (reply instanceof RespTyped) return new RespTyped(reply.type, sorted(reply.value, each));
  if (!Array.isArray(reply)) return reply;
  const all = reply as readonly RespReply[];
  const groups = Array.from({ length: all.length / each }, (_, at) =>
    all.slice(at * each, at * each + each),
  );
  return groups.sort((a, b) => (shown(a) < shown(b) ? -1 : 1)).flat();
}

function shown(reply: RespReply): string {
  if (reply instanceof RespError) return `-${reply.error}`;
  if (reply instanceof RespSimple) return `+${reply.simple}`;
  if (reply instanceof RespTyped) return `${reply.type}(${shown(reply.value)})`;
  if (Array.isArray(reply)) return `[${reply.map(shown).join(', ')}]`;
  if (typeof reply === 'string') return JSON.stringify(reply);
  return typeof reply === 'number' || typeof reply === 'bigint' ? `:${reply}` : String(reply);
}

class Peer {
  readonly server: RespServer;
  connections: RespClient[] = [];

  constructor(server: RespServer) {
    this.server = server;
  }

  /** Empty databases, fresh connections: the last one speaks RESP3. */
  async begin(): Promise<void> {
    this.end();
    this.connections = Array.from({ length: CONNECTIONS }, () => this.server.client());
    await this.connections[0].call('flushall');
    await this.connections[CONNECTIONS - 1].call('hello', '3');
  }

  end(): void {
    for (const connection of this.connections) connection.end();
  }
}

describe.skipIf(installed === null)(title, () => {
  const peers: Peer[] = [];

  beforeAll(async () => {
    if (installed === null) return;
    peers.push(new Peer(await respSpawn()), new Peer(await redisSpawn(installed.command)));
  });

  afterAll(async () => {
    for (const peer of peers) {
      peer.end();
      await peer.server.stop();
    }
  });

  async function sessionCompare(steps: readonly Step[]): Promise<void> {
    await Promise.all(peers.map((peer) => peer.begin()));
    for (const [at, { connection, request }] of steps.entries()) {
      const [ours, theirs] = await Promise.all(
        peers.map(async (peer) =>
          normal(request, await peer.connections[connection].call(...request)),
        ),
      );
      const words = request.map(quoted).join(' ');
      expect(ours, `step ${at + 1}, connection ${connection}: ${words}`).toBe(theirs);
    }
  }

  it(`${RUNS} sessions, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    const session = fc.array(step, { minLength: 1, maxLength: REQUESTS_MAX, size: 'max' });
    await fc.assert(fc.asyncProperty(session, sessionCompare), { seed: SEED, numRuns: RUNS });
  });
});
