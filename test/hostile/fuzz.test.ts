/**
 * Malformed, truncated and hostile input, from a seed. Meanwhile well-behaved clients find their own
 * values whole; afterwards the same process is there with the same threads, and all connections are gone.
 *
 * FLAGSTONE_SEED=N repeats a run.
 */
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Random, randomBelow, randomMake } from '../../src/base/random.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { clientUse, eventually, type TextClient } from '../support/text-client.ts';
import { BinaryWitness } from './binary-witness.ts';
import { INPUT_KINDS, inputDraw, piecesDraw } from './input.ts';
import { Witness } from './witness.ts';

const SEED = Number(process.env['FLAGSTONE_SEED'] ?? 1);
const ATTACK_COUNT = process.env['FLAGSTONE_LONG'] === '1' ? 40_000 : 1200;
const ATTACKERS = 16;
const WITNESS_COUNT = 3;
const GONE_MS_MAX = 20_000;
const TEST_MS_MAX = ATTACK_COUNT * 100 + 60_000;

/** Sends hostile bytes in pieces, then leaves in one of the ways in which clients leave. */
async function attack(server: ServerProcess, random: Random): Promise<void> {
  const kind = INPUT_KINDS[randomBelow(random, INPUT_KINDS.length)];
  const pieces = piecesDraw(random, inputDraw(random, kind));
  const leaving = randomBelow(random, 4);
  const reads = randomBelow(random, 3) > 0;
  const socket = connect({ port: server.port, host: server.host, allowHalfOpen: true });
  const gone = goneOf(socket);
  if (reads) socket.resume();
  for (const piece of pieces) {
    if (socket.destroyed || socket.writableEnded) break;
    await new Promise<void>((resolve) => {
      socket.write(piece, () => resolve());
      // A server that does not read any more must not hold up the attack.
      setImmediate(resolve);
    });
  }
  if (leaving === 0) socket.resetAndDestroy();
  else if (leaving === 1) socket.destroy();
  else socket.end(); // the server answers what it has and closes
  socket.resume();
  await gone(`${kind}, after ${pieces.length} pieces`);
}

/** Waits until the server has closed its side too; fails when it does not. */
function goneOf(socket: Socket): (what: string) => Promise<void> {
  const gone = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error']) socket.on(event, () => resolve());
  });
  return async (what) => {
    let bound: NodeJS.Timeout | undefined;
    const hang = new Promise<never>((_, reject) => {
      bound = setTimeout(() => reject(new Error(`never closed: ${what}`)), GONE_MS_MAX);
    });
    try {
      await Promise.race([gone, hang]);
    } finally {
      clearTimeout(bound);
      socket.destroy();
    }
  };
}

describe.each([
  ['fast wire', {}],
  ['plain wire', { FLAGSTONE_PLAIN_WIRE: '1' }],
])('hostile input over the %s', (_name, env) => {
  it(`${ATTACK_COUNT} attacks, seed ${SEED}`, { timeout: TEST_MS_MAX }, async () => {
    // -F: a flush_all among the garbage would take the witnesses' values along.
    const server = await spawnFlagstone({ flags: ['-F'], env });
    try {
      const witnesses = [
        ...(await Witness.start(server, WITNESS_COUNT)),
        ...(await BinaryWitness.start(server, WITNESS_COUNT)),
      ];
      let started = 0;
      const attackers = Array.from({ length: ATTACKERS }, async () => {
        while (started < ATTACK_COUNT) await attack(server, randomMake(SEED * 1e6 + started++));
      });
      await Promise.all(attackers);
      for (const witness of witnesses) await witness.stop();
      for (const { hits } of witnesses) {
        expect(hits, 'values that a witness found').toBeGreaterThan(20);
      }
      await serverIsUnharmed(server);
    } finally {
      await server.stop();
    }
  });
});

async function serverIsUnharmed(server: ServerProcess): Promise<void> {
  await clientUse(server, async (client: TextClient) => {
    const open = async (): Promise<string | undefined> =>
      (await client.stats()).get('curr_connections');
    await eventually('one connection', open, (count) => count === '1');
    expect((await client.stats()).get('pid')).toBe(`${server.pid}`);
    const own = await client.stats('server');
    expect(own.get('thread_restarts'), server.log()).toBe('0');
    expect(own.get('partition_resets')).toBe('0');
  });
}
