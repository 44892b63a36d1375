/**
 * Malformed, truncated and hostile input over RESP, from a seed. Meanwhile well-behaved clients of both
 * protocols find their own values whole; afterwards the same threads are there.
 *
 * FLAGSTONE_SEED=N repeats a run.
 */
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { type Random, randomBelow, randomMake } from '../../src/base/random.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { clientUse } from '../support/text-client.ts';
import { RESP_INPUT, respPiecesDraw } from './resp-input.ts';
import { Witness } from './witness.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const ATTACK_COUNT = process.env['FLAGSTONE_LONG'] === '1' ? 40_000 : 3000;
const ATTACKERS = 16;
const WITNESS_COUNT = 2;
const GONE_MS_MAX = 20_000;
const TEST_MS_MAX = ATTACK_COUNT * 100 + 60_000;
const KINDS = Object.keys(RESP_INPUT);

/** Sends hostile bytes in pieces, perhaps reads, and leaves. */
async function attack({ host, port }: RespServer, random: Random): Promise<void> {
  const kind = KINDS[randomBelow(random, KINDS.length)];
  const pieces = respPiecesDraw(random, RESP_INPUT[kind](random));
  const socket = connect({ port, host, allowHalfOpen: true });
  const gone = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error']) socket.on(event, () => resolve());
  });
  if (randomBelow(random, 3) > 0) socket.resume();
  for (const piece of pieces) {
    if (socket.destroyed || socket.writableEnded) break;
    await new Promise<void>((resolve) => {
      socket.write(piece, () => resolve());
      // A server that does not read any more must not hold up the attack.
      setImmediate(resolve);
    });
  }
  const leaving = randomBelow(random, 3);
  if (leaving === 0) socket.resetAndDestroy();
  else if (leaving === 1) socket.destroy();
  else socket.end();
  socket.resume();
  let bound: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    bound = setTimeout(() => reject(new Error(`never closed: ${kind}`)), GONE_MS_MAX);
  });
  await Promise.race([gone, hang]).finally(() => clearTimeout(bound));
  socket.destroy();
}

/** A RESP client that stores and reads its own values, and fails at a byte that is not its own. */
async function respWitness(server: RespServer, id: number, ended: () => boolean): Promise<number> {
  const client = server.client();
  const random = randomMake(5000 + id);
  let hits = 0;
  await client.call('select', '3');
  while (!ended()) {
    const key = `resp-witness-${id}-${randomBelow(random, 20)}`;
    const value = `${key}:${'v'.repeat(randomBelow(random, 3000))}`;
    await client.call('hset', key, 'f', value);
    await client.call('rpush', `${key}-list`, value);
    const [found, popped] = [
      await client.call('hget', key, 'f'),
      await client.call('lpop', `${key}-list`),
    ];
    if (found === value && popped === value) hits++;
    else if (found !== null && popped !== null) throw new Error(`${key} is answered otherwise`);
  }
  client.end();
  return hits;
}

it(`RESP survives ${ATTACK_COUNT} attacks, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
  const server = await respSpawn(['-F']);
  const memcached = { host: server.host, port: server.memcachedPort };
  try {
    const witnesses = await Witness.start(memcached, WITNESS_COUNT);
    let hasEnded = false;
    const respWitnesses = [0, 1].map((id) => respWitness(server, id, () => hasEnded));
    let started = 0;
    const attackers = Array.from({ length: ATTACKERS }, async () => {
      while (started < ATTACK_COUNT) await attack(server, randomMake(SEED * 1e6 + started++));
    });
    await Promise.all(attackers);
    hasEnded = true;
    for (const witness of witnesses) await witness.stop();
    const hits = [
      ...witnesses.map((witness) => witness.hits),
      ...(await Promise.all(respWitnesses)),
    ];
    for (const count of hits) expect(count, 'values that a witness found').toBeGreaterThan(20);
    await clientUse(memcached, async (client) => {
      const own = await client.stats('server');
      expect(own.get('thread_restarts'), server.log()).toBe('0');
      expect(own.get('partition_resets')).toBe('0');
    });
  } finally {
    await server.stop();
  }
});
