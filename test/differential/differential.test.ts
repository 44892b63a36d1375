/**
 * Random sessions, the same against the real memcached and against ours: every byte of every reply has
 * to be the same, but for what known.ts explains. Several connections take turns; their requests are
 * pipelined, and cut anywhere.
 *
 * FLAGSTONE_SEED=N repeats a run, FLAGSTONE_LONG=1 makes it a long one; MEMCACHED_PEER names a memcached
 * other than that of the PATH.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  memcachedFind,
  type ServerProcess,
  spawnFlagstone,
  spawnMemcached,
} from '../support/server.ts';
import { PRESENT_PARSER } from '../transcripts/replies.ts';
import { versionBelow } from '../transcripts/transcript.ts';
import { binaryRequest } from './binary-requests.ts';
import { isCutShort, isExcused } from './known.ts';
import { metaRequest } from './meta-requests.ts';
import { answerNormal } from './normal-form.ts';
import { hasUnique, Peer, type Protocol, requestShown } from './peer.ts';
import { textRequest } from './text-requests.ts';
import { COUNTER_KEYS, KEYS, ODD_KEYS } from './values.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const RUNS = process.env['FLAGSTONE_LONG'] === '1' ? 20_000 : 100;
const TEST_MS_MAX = 60_000 + RUNS * 500;
/** Room for everything: what memory pressure takes away is no matter of protocol. */
const FLAGS = ['-m', '512'] as const;
const BURST_COUNT_MAX = 12;
const BURST_REQUESTS_MAX = 8;
const CUT_COUNT_MAX = 4;
/** Longer values may be refused before they have come. */
const AHEAD_BYTES_MAX = 200_000;
const SHOWN_CHARS_MAX = 300;

/** Requests that are sent in one go on one connection, and cut at these shares of their length. */
interface Burst {
  readonly connection: string;
  readonly protocol: Protocol;
  readonly requests: readonly string[];
  readonly cuts: readonly number[];
  /** How much of its first request arrives before the burst of another connection, if anything. */
  readonly ahead: number;
}

const installed = memcachedFind();
const title =
  installed === null
    ? 'ours and memcached (skipped: no `memcached` on the PATH, and MEMCACHED_PEER names none)'
    : `ours and memcached ${installed.version}`;

function burst(
  protocol: Protocol,
  connections: readonly string[],
  request: fc.Arbitrary<string>,
): fc.Arbitrary<Burst> {
  const sent = request.filter((bytes) => !isExcused(bytes, installed?.version ?? ''));
  const drawn = fc.record({
    connection: fc.constantFrom(...connections),
    protocol: fc.constant(protocol),
    requests: fc.array(sent, { minLength: 1, maxLength: BURST_REQUESTS_MAX, size: 'max' }),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: CUT_COUNT_MAX }),
    ahead: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.99, noNaN: true })),
  });
  return drawn.map((one) => ({ ...one, [fc.toStringMethod]: () => burstShown(one) }));
}

function burstShown({ connection, protocol, requests, cuts, ahead }: Burst): string {
  const lines = requests.map((request) => `\n    ${requestShown(request, protocol)}`);
  return `\n  ${connection}, cut at ${cuts}, ahead ${ahead}:${lines.join('')}`;
}

const hasPresentParser =
  installed !== null && !versionBelow(installed.version, PRESENT_PARSER.since);
const TEXT = burst('text', ['text 1', 'text 2'], textRequest(hasPresentParser));
const META = burst('text', ['meta 1', 'meta 2'], metaRequest);
const BINARY = burst('binary', ['binary 1', 'binary 2'], binaryRequest);

const SESSIONS: readonly { name: string; bursts: fc.Arbitrary<Burst> }[] = [
  { name: 'classic text', bursts: TEXT },
  { name: 'binary', bursts: BINARY },
  { name: 'classic text and binary on the same keys', bursts: fc.oneof(TEXT, BINARY) },
];

/** Meta commands have changed up to the version that has the present parser. */
const META_SESSIONS: typeof SESSIONS = [
  { name: 'meta', bursts: META },
  { name: 'all of them on the same keys', bursts: fc.oneof(TEXT, META, BINARY) },
];

/** Both servers without the keys of the sessions, and the next session's connections. */
async function sessionBegin(peers: readonly Peer[]): Promise<void> {
  const deletes = [...KEYS, ...COUNTER_KEYS, ...ODD_KEYS]
    .map((key) => `delete ${key}\r\n`)
    .join('');
  for (const peer of peers) {
    peer.sessionBegin();
    await peer.exchange('control', 'text', deletes, []);
  }
}

async function sessionCompare(peers: readonly Peer[], bursts: readonly Burst[]): Promise<void> {
  await sessionBegin(peers);
  let aheadBytes = 0;
  for (const [index, { connection, protocol, requests, cuts }] of bursts.entries()) {
    const bytes = requests.join('').slice(aheadBytes);
    const cameInPieces = aheadBytes > 0 || cuts.length > 0;
    const next = bursts[index + 1];
    const ahead = next === undefined || next.connection === connection ? '' : burstStart(next);
    aheadBytes = ahead.length;
    const [ours, theirs] = await Promise.all(
      peers.map(async (peer) => {
        if (ahead !== '') await peer.begin(next.connection, next.protocol, ahead);
        const answer = await peer.exchange(connection, protocol, bytes, cuts);
        return answerNormal(peer, protocol, answer);
      }),
    );
    const isSame = ours.length === theirs.length && ours.every((line, at) => line === theirs[at]);
    if (isSame) continue;
    if (protocol === 'binary' && isCutShort(requests, cameInPieces, ours, theirs)) return;
    expect(ours.map(clipped), `burst ${index + 1}, ours and theirs`).toEqual(theirs.map(clipped));
    throw new Error(`burst ${index + 1}: replies differ in the middle of a long value`);
  }
}

/** The part of a burst that may arrive before another connection's: it must not do anything yet. */
function burstStart({ requests: [request], ahead }: Burst): string {
  const acts = hasUnique(request) || request.length > AHEAD_BYTES_MAX || /^g/.test(request);
  return acts ? '' : request.slice(0, Math.floor(request.length * ahead));
}

function clipped(text: string): string {
  if (text.length <= SHOWN_CHARS_MAX) return text;
  const half = SHOWN_CHARS_MAX / 2;
  return `${text.slice(0, half)}…${text.length} bytes…${text.slice(-half)}`;
}

describe.skipIf(installed === null)(title, () => {
  const servers: ServerProcess[] = [];
  let peers: Peer[] = [];

  beforeAll(async () => {
    if (installed === null) return;
    servers.push(await spawnFlagstone({ flags: FLAGS }));
    servers.push(await spawnMemcached(installed, { flags: FLAGS }));
    peers = [new Peer('flagstone', servers[0]), new Peer('memcached', servers[1])];
  });

  afterAll(async () => {
    for (const peer of peers) peer.sessionBegin();
    for (const server of servers) await server.stop();
  });

  async function sessionsCompare({ bursts }: (typeof SESSIONS)[number]): Promise<void> {
    const session = fc.array(bursts, { minLength: 1, maxLength: BURST_COUNT_MAX, size: 'max' });
    const property = fc.asyncProperty(session, (some) => sessionCompare(peers, some));
    await fc.assert(property, { seed: SEED, numRuns: RUNS });
  }

  const times = `${RUNS} sessions, seed ${SEED}`;
  it.each(SESSIONS)(`$name: ${times}`, { timeout: TEST_MS_MAX }, sessionsCompare);

  describe.skipIf(!hasPresentParser)(`that speak meta as ${PRESENT_PARSER.since} does`, () => {
    it.each(META_SESSIONS)(`$name: ${times}`, { timeout: TEST_MS_MAX }, sessionsCompare);
  });
});
