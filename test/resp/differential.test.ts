/**
 * Random sessions, the same against the real redis-server and against ours, over RESP2 and RESP3, by several
 * clients that wait for each reply or by one that does not: every reply has to be the same, as far as
 * comparison.ts says, and so has all that is stored at the end.
 *
 * FLAGSTONE_SEED=N repeats a run, FLAGSTONE_LONG=1 makes it a long one; REDIS_PEER names a redis-server other
 * than that of the PATH.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RespClient, type RespReply, respRequest } from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { Conversation } from './comparison.ts';
import { anyRequest, type Request, streamRequest } from './requests.ts';
import { LIBRARY, plainScriptRequest, scriptRequest } from './script-requests.ts';
import { shown } from './session.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const RUNS = process.env['FLAGSTONE_LONG'] === '1' ? 20_000 : 150;
const PIPELINES = Math.floor(RUNS / 3);
const TEST_MS_MAX = 60_000 + RUNS * 500;
const STEPS_MAX = 60;
const CONNECTIONS = 5;
/** The last ones speak RESP3. */
const RESP2_CONNECTIONS = 3;
const DATABASES = 3;

const installed = redisFind();
const title =
  installed === null
    ? 'ours and redis-server (skipped: no `redis-server` on the PATH, and REDIS_PEER names none)'
    : `ours and redis-server ${installed.version}`;

/** What a user may do, for whom keys of all kinds are half out of reach. */
const LIMITED =
  'on nopass ~a* ~s* ~{a}* %R~z* %W~l* resetchannels &a* +@all -@hash -@dangerous -setex'.split(
    ' ',
  );

/** A request, and on which connection. */
type Step = { readonly connection: number; readonly request: Request };

function quoted(word: string): string {
  return /^[!-~]+$/.test(word) ? word : JSON.stringify(word);
}

function stepNamed(connection: number, request: Request): Step {
  const text = `\n  ${connection}: ${request.map(quoted).join(' ')}`;
  return { connection, request, [fc.toStringMethod]: () => text } as Step;
}

const connectionAny = fc.nat(CONNECTIONS - 1);
const oneStep = fc
  .tuple(connectionAny, anyRequest)
  .map(([connection, request]) => [stepNamed(connection, request)]);
const watch = fc
  .subarray(['a', 'b', 'set', 'zset', 'hash', 'list', 'str'], { minLength: 1 })
  .map((keys) => ['watch', ...keys]);

/** A transaction with what others do before it ends. */
const transaction = fc
  .record({
    connection: connectionAny,
    watched: fc.option(watch),
    between: fc.option(oneStep),
    queued: fc.array(anyRequest, { maxLength: 5 }),
    ending: fc.constantFrom('exec', 'exec', 'exec', 'discard'),
  })
  .map(({ connection, watched, between, queued, ending }) => [
    ...(watched === null ? [] : [stepNamed(connection, watched)]),
    stepNamed(connection, ['multi']),
    ...queued.map((request) => stepNamed(connection, request)),
    ...(between ?? []),
    stepNamed(connection, [ending]),
  ]);

const anySteps = fc.oneof(
  { weight: 15, arbitrary: oneStep },
  { weight: 1, arbitrary: transaction },
);

class Peer {
  readonly server: RespServer;
  connections: RespClient[] = [];
  /** Looks at what the others have done. */
  private readonly witness: RespClient;

  constructor(server: RespServer) {
    this.server = server;
    this.witness = server.client();
  }

  /**
   * Empty databases, fresh connections, some of them of a user who may do less. Sets of words are listpacks only
   * from 7.2 on.
   */
  async begin(limited: readonly number[]): Promise<void> {
    this.end();
    this.connections = Array.from({ length: CONNECTIONS }, () => this.server.client());
    await this.witness.call('config', 'set', 'set-max-listpack-entries', '0');
    await this.witness.call('flushall');
    for (const connection of this.connections.slice(RESP2_CONNECTIONS)) {
      await connection.call('hello', '3');
    }
    await this.witness.call('function', 'load', 'replace', LIBRARY);
    await this.witness.call('acl', 'setuser', 'limited', 'reset', ...LIMITED);
    for (const one of limited) await this.connections[one].call('auth', 'limited', 'any');
  }

  ask(request: Request): Promise<RespReply> {
    return this.witness.call(...request);
  }

  end(): void {
    for (const connection of this.connections) connection.end();
  }

  async stop(): Promise<void> {
    this.end();
    this.witness.end();
    await this.server.stop();
  }
}

/** How all of a value is asked for. */
const WHOLE: Record<string, (key: string) => Request> = {
  string: (key) => ['get', key],
  list: (key) => ['lrange', key, '0', '-1'],
  set: (key) => ['smembers', key],
  zset: (key) => ['zrange', key, '0', '-1', 'withscores'],
  hash: (key) => ['hgetall', key],
  stream: (key) => ['xinfo', 'stream', key, 'full', 'count', '0'],
};

describe.skipIf(installed === null)(title, () => {
  const peers: Peer[] = [];

  beforeAll(async () => {
    if (installed === null) return;
    peers.push(new Peer(await respSpawn()), new Peer(await redisSpawn(installed.command)));
  });

  afterAll(async () => {
    for (const peer of peers) await peer.stop();
  });

  /** Asks both the same; the reply, if they agree. */
  async function askBoth(
    where: string,
    request: Request,
    conversation: Conversation,
    ask: (peer: Peer) => Promise<RespReply>,
  ): Promise<RespReply> {
    const [ours, theirs] = await Promise.all(peers.map(ask));
    if (!conversation.agrees(request, ours, theirs)) {
      const asked = `${where}: ${request.map(quoted).join(' ')}`;
      expect.fail(`${asked}\nours   ${shown(ours)}\ntheirs ${shown(theirs)}`);
    }
    return theirs;
  }

  async function sessionCompare(
    steps: readonly Step[],
    limited: readonly number[] = [],
  ): Promise<void> {
    await Promise.all(peers.map((peer) => peer.begin(limited)));
    const conversations = Array.from({ length: CONNECTIONS }, () => new Conversation());
    for (const [at, { connection, request }] of steps.entries()) {
      const where = `step ${at + 1}, connection ${connection}`;
      await askBoth(where, request, conversations[connection], (peer) =>
        peer.connections[connection].call(...request),
      );
    }
    await contentsCompare();
  }

  async function contentsCompare(): Promise<void> {
    const ask = (request: Request): Promise<RespReply> =>
      askBoth('in the end', request, new Conversation(), (peer) => peer.ask(request));
    for (let database = 0; database < DATABASES; database++) {
      await ask(['select', `${database}`]);
      for (const key of (await ask(['keys', '*'])) as string[]) {
        const type = shown(await ask(['type', key])).slice(1);
        await ask(WHOLE[type](key));
        await ask(['object', 'encoding', key]);
        await ask(['pexpiretime', key]);
      }
    }
  }

  /** Asks both all of it at once, ours in pieces. */
  async function pipelineCompare(
    requests: readonly Request[],
    resp: number,
    pieceBytes: readonly number[],
  ): Promise<void> {
    await Promise.all(peers.map((peer) => peer.begin([])));
    const conversation = new Conversation();
    const bytes = Buffer.concat(requests.map(respRequest));
    const [own, their] = peers.map((peer) => peer.connections[0]);
    for (const client of [own, their]) await client.call('hello', `${resp}`);
    their.write(bytes);
    let at = 0;
    for (let turn = 0; at < bytes.length; turn++) {
      const end = at + pieceBytes[turn % pieceBytes.length];
      own.write(bytes.subarray(at, end));
      at = end;
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const [n, request] of requests.entries()) {
      await askBoth(`request ${n + 1}`, request, conversation, (peer) =>
        peer.connections[0].read(),
      );
    }
    await contentsCompare();
  }

  it(`${PIPELINES} pipelines, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    const requests = fc.array(anyRequest, { minLength: 1, maxLength: STEPS_MAX, size: 'max' });
    const sizes = fc.array(fc.constantFrom(1, 20, 300, 5000, 100_000), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(fc.asyncProperty(requests, fc.constantFrom(2, 3), sizes, pipelineCompare), {
      seed: SEED,
      numRuns: PIPELINES,
    });
  });

  it(`${PIPELINES} sessions of scripts, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    const request = fc.oneof(
      { weight: 2, arbitrary: scriptRequest },
      { weight: 1, arbitrary: anyRequest },
    );
    const step = fc.tuple(connectionAny, request).map((each) => stepNamed(...each));
    const session = fc.array(step, { minLength: 1, maxLength: STEPS_MAX, size: 'max' });
    await fc.assert(
      fc.asyncProperty(session, (steps) => sessionCompare(steps)),
      { seed: SEED, numRuns: PIPELINES },
    );
  });

  it(`${PIPELINES} sessions of limited users, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    const script = fc.tuple(connectionAny, plainScriptRequest).map((each) => [stepNamed(...each)]);
    const steps = fc.oneof({ weight: 4, arbitrary: anySteps }, { weight: 1, arbitrary: script });
    const session = fc
      .array(steps, { minLength: 1, maxLength: STEPS_MAX, size: 'max' })
      .map((all) => all.flat());
    const run = (all: readonly Step[]): Promise<void> => sessionCompare(all, [0, 1, 3]);
    await fc.assert(fc.asyncProperty(session, run), { seed: SEED, numRuns: PIPELINES });
  });

  it(`${PIPELINES} sessions of streams, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    const step = fc.tuple(connectionAny, streamRequest).map((each) => stepNamed(...each));
    const session = fc.array(step, { minLength: 1, maxLength: STEPS_MAX, size: 'max' });
    await fc.assert(
      fc.asyncProperty(session, (steps) => sessionCompare(steps)),
      { seed: SEED, numRuns: PIPELINES },
    );
  });

  it(`${RUNS} sessions, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    const session = fc
      .array(anySteps, { minLength: 1, maxLength: STEPS_MAX, size: 'max' })
      .map((all) => all.flat());
    await fc.assert(
      fc.asyncProperty(session, (steps) => sessionCompare(steps)),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
