/**
 * Random sessions of clients that track, on ours and on the real redis-server: one reads and changes keys, and hears
 * of its own changes and of another's. What it gets, and in which order, is the same.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RespClient, RespTyped } from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { shown } from './session.ts';

const peer = redisFind();
const RUNS = process.env['FLAGSTONE_LONG'] === '1' ? 300 : 25;
const SEED = Number(process.env['FLAGSTONE_SEED'] ?? Date.now() % 2 ** 31);

const key = fc.constantFrom('a', 'b', 'x:1', 'x:2');
const number = fc.nat(9).map(String);
const words = (...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string[]> =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)));

const command = fc.oneof(
  { weight: 6, arbitrary: words('get', key) },
  { weight: 2, arbitrary: words('mget', key, key) },
  { weight: 1, arbitrary: words(fc.constantFrom('exists', 'strlen', 'ttl', 'type'), key) },
  { weight: 4, arbitrary: words('set', key, number) },
  { weight: 2, arbitrary: words('mset', key, number, key, number) },
  { weight: 1, arbitrary: words(fc.constantFrom('del', 'incr', 'getdel', 'persist'), key) },
  { weight: 1, arbitrary: words('append', key, number) },
  { weight: 1, arbitrary: words('expire', key, '1000') },
  { weight: 1, arbitrary: words('rename', key, key) },
  { weight: 1, arbitrary: words('copy', key, key, 'replace') },
  { weight: 1, arbitrary: words(fc.constantFrom('multi', 'exec', 'exec', 'discard')) },
  { weight: 1, arbitrary: words('client', 'caching', fc.constantFrom('yes', 'no')) },
  { weight: 1, arbitrary: words('client', fc.constantFrom('trackinginfo', 'getredir')) },
  { weight: 1, arbitrary: words('flushall') },
);
/** Of the client that tracks, or of the other. */
const step = fc.record({ isOwn: fc.boolean(), request: command });

const MODES = [
  [],
  ['noloop'],
  ['optin'],
  ['optout'],
  ['bcast'],
  ['bcast', 'noloop'],
  ['bcast', 'prefix', 'x:'],
] as const;

type Step = { readonly isOwn: boolean; readonly request: readonly string[] };

/** What comes up to the reply to the request; then, up to that of a marker, which a broadcast does not wait for. */
async function answers(client: RespClient, request: readonly string[] | null): Promise<string[]> {
  const got: string[] = [];
  for (const words of request === null ? [['ping']] : [request, ['ping']]) {
    client.send(...words);
    const pushes: string[] = [];
    let reply = await client.read();
    for (; reply instanceof RespTyped && reply.type === 'push'; reply = await client.read()) {
      pushes.push(shown(reply));
    }
    // RENAME changes two keys at once: theirs tells of the old one first.
    got.push(...pushes.sort(), shown(reply));
  }
  return got;
}

/** What the tracking client gets, step by step. */
async function transcript(
  server: RespServer,
  mode: readonly string[],
  steps: readonly Step[],
): Promise<string[][]> {
  const [tracking, other] = [server.client(), server.client()];
  await other.call('flushall');
  await tracking.call('hello', '3');
  await tracking.call('client', 'tracking', 'on', ...mode);
  const got: string[][] = [];
  let isQueueing = false;
  for (const { isOwn, request } of steps) {
    if (isOwn) {
      got.push([request.join(' '), ...(await answers(tracking, request))]);
      if (request[0] === 'multi') isQueueing = true;
      if (request[0] === 'exec' || request[0] === 'discard') isQueueing = false;
    } else if (!['multi', 'exec', 'discard', 'client'].includes(request[0])) {
      await other.call(...request);
      got.push([`other: ${request.join(' ')}`, ...(await answers(tracking, null))]);
    }
  }
  if (isQueueing) await tracking.call('discard');
  for (const client of [tracking, other]) client.socket.destroy();
  return got;
}

describe.skipIf(peer === null)('redis-server (skipped: not on the PATH)', () => {
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

  it.each(MODES.map((mode) => ({ name: mode.join(' '), mode })))(
    `says the same: tracking on $name (seed ${SEED})`,
    async ({ mode }) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
          const own = await transcript(ours, mode, steps);
          expect(own).toEqual(await transcript(theirs, mode, steps));
        }),
        { seed: SEED, numRuns: RUNS },
      );
    },
    120_000,
  );
});
