/**
 * What is counted beyond 2^32 is told as it is, by `stats` and by /metrics. The supervisor runs in this process, so
 * that counts can be put where they would be after days.
 */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Exposition } from '../../src/admin/exposition.ts';
import { flagstoneMetrics } from '../../src/admin/metrics-flagstone.ts';
import { memcachedMetrics } from '../../src/admin/metrics-memcached.ts';
import { Snapshot } from '../../src/admin/snapshot.ts';
import { optionsParse } from '../../src/cli/options.ts';
import { partitionReset } from '../../src/engine/keyspace.ts';
import { CLASS_TOTAL, classTotalsCopy, classTotalsSet } from '../../src/memory/class-totals.ts';
import { LOCK_COUNT } from '../../src/memory/lock.ts';
import { HEADER, partitionLock, partitionUnlock } from '../../src/memory/partition.ts';
import { Supervisor } from '../../src/supervisor.ts';
import { metricsParse } from '../support/admin-client.ts';
import { clientUse } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const NEAR = 2 ** 32 - 1;
const THREADS = 2;

let supervisor: Supervisor;
beforeAll(async () => {
  const config = optionsParse(['-p', '-1', '-l', '127.0.0.1', '-t', `${THREADS}`, '-m', '64'], {});
  supervisor = new Supervisor(config, pino({ level: 'silent' }), {
    version: 'test',
    plainWire: false,
    debugCommands: false,
    onShutdown: () => undefined,
  });
  await supervisor.start();
});
afterAll(() => supervisor.end());

function metrics(): ReadonlyMap<string, number> {
  const { keyspace, commands } = supervisor;
  const page = new Exposition('prometheus');
  const now = new Snapshot(keyspace, THREADS, commands);
  memcachedMetrics(page, now);
  const own = { version: '', loops: [], requests: new Map<number, number>(), tokenFailures: 0 };
  flagstoneMetrics(page, now, own);
  return metricsParse(page.text());
}

describe('counts of a slab class', () => {
  it('go on beyond 32 bits in stats slabs, stats items, stats and /metrics', async () => {
    const address = { host: '127.0.0.1', port: supervisor.ports[0] };
    await clientUse(address, async (client) => {
      await client.set('n', Buffer.from('7'));
      const classId = [...(await client.stats('slabs')).keys()]
        .filter((name) => name.endsWith(':cmd_set'))
        .map((name) => Number.parseInt(name, 10))[0];
      const { partitions } = supervisor.keyspace;
      for (const p of partitions) {
        classTotalsSet(p, classId, new Float64Array(CLASS_TOTAL.words).fill(NEAR));
      }
      const all = partitions.length * NEAR;
      const before = metrics();
      await client.get('n');
      await client.get('n');
      await client.ask('incr n 1\r\n');
      await client.ask('touch n 0\r\n');
      await client.ask('delete n\r\n');
      const slabs = await client.stats('slabs');
      expect(slabs.get(`${classId}:get_hits`)).toBe(`${all + 2}`);
      expect(slabs.get(`${classId}:incr_hits`)).toBe(`${all + 1}`);
      expect(slabs.get(`${classId}:touch_hits`)).toBe(`${all + 1}`);
      expect(slabs.get(`${classId}:delete_hits`)).toBe(`${all + 1}`);
      const stats = await client.stats();
      expect(stats.get('incr_hits')).toBe(`${all + 1}`);
      expect(stats.get('cas_hits')).toBe(`${all}`);
      const after = metrics();
      const hits = `memcached_slab_commands_total{slab="${classId}",command="get",status="hit"}`;
      expect([before.get(hits), after.get(hits)]).toEqual([all, all + 2]);
      await client.set('n', Buffer.from('7'));
      expect((await client.stats('items')).get(`items:${classId}:evicted`)).toBe(`${all}`);
      for (const [name, value] of before) {
        if (name.includes('_total') && value >= 0)
          expect(after.get(name), name).toBeGreaterThanOrEqual(value);
      }
    });
  });

  it('outlive a partition that had to be emptied', () => {
    const [p] = supervisor.keyspace.partitions;
    const before = classTotalsCopy(p);
    expect(before.some((totals) => totals[CLASS_TOTAL.getHits] >= NEAR)).toBe(true);
    partitionLock(p);
    partitionReset(p);
    partitionUnlock(p);
    expect(classTotalsCopy(p)).toEqual(before);
  });
});

it('what threads met at a lock is told beyond 32 bits', () => {
  const [{ i32 }] = supervisor.keyspace.partitions;
  i32[HEADER.lock + LOCK_COUNT.contended] = -1;
  i32[HEADER.lock + LOCK_COUNT.contended + 1] = 2;
  const name = 'flagstone_partition_lock_contended_total{partition="0"}';
  expect(metrics().get(name)).toBe(2 * 2 ** 32 + NEAR);
});
