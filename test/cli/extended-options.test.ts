import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/cli/config.ts';
import { EXTENDED_ROWS } from '../../src/cli/extended-options.ts';
import { KIB, MIB } from '../../src/cli/units.ts';
import { configOf } from './support.ts';

const NO_MODERN: Partial<Config> = {
  slabChunkBytesMax: MIB,
  slabReassign: false,
  slabAutomove: 0,
  maxconnsFast: false,
  lruCrawler: false,
  lruMaintainer: false,
};

// The lists that memcached's tests start their servers with, and then every other name.
const CASES: readonly (readonly [string, Partial<Config>])[] = [
  ['relaxed_privileges', {}],
  ['modern', {}],
  ['modern,slab_automove_window=3', { slabAutomoveWindow: 3 }],
  ['no_modern', NO_MODERN],
  ['no_modern,lru_crawler', { ...NO_MODERN, lruCrawler: true }],
  ['no_modern,slab_chunk_max=4', { ...NO_MODERN, slabChunkBytesMax: 4 * KIB }],
  [
    'slab_chunk_max=1,no_lru_crawler,no_lru_maintainer',
    { slabChunkBytesMax: KIB, lruCrawler: false, lruMaintainer: false },
  ],
  ['lru_maintainer,lru_crawler', {}],
  ['lru_maintainer,lru_crawler,temporary_ttl=61', { temporaryLru: true, temporaryTtlSec: 61 }],
  ['temporary_ttl=240', { temporaryLru: true, temporaryTtlSec: 240 }],
  ['slab_reassign,no_slab_automove', { slabAutomove: 0 }],
  [
    'slab_reassign,slab_automove,lru_crawler,lru_maintainer,slab_automove_window=3',
    {
      slabAutomoveWindow: 3,
    },
  ],
  ['slab_automove=0', { slabAutomove: 0 }],
  ['slab_automove=2', { slabAutomove: 2 }],
  ['idle_timeout=3', { idleTimeoutSec: 3 }],
  ['read_buf_mem_limit=1', { readBufferBytesMax: MIB }],
  ['watcher_logbuf_size=8', { watcherLogBytes: 8 * KIB }],
  ['worker_logbuf_size=8', { workerLogBytes: 8 * KIB }],
  ['maxconns_fast', {}],
  ['no_maxconns_fast', { maxconnsFast: false }],
  ['maxconns_fast=no', { maxconnsFast: false }],
  [
    'lru_crawler_sleep=0,lru_crawler_tocrawl=4294967295',
    {
      lruCrawlerSleepUs: 0,
      lruCrawlerItemCountMax: 4294967295,
    },
  ],
  ['hot_lru_pct=10,warm_lru_pct=70', { hotLruPct: 10, warmLruPct: 70 }],
  ['hot_max_factor=.5,warm_max_factor=3.', { hotMaxFactor: 0.5, warmMaxFactor: 3 }],
  ['slab_automove_ratio=0.5', { slabAutomoveRatio: 0.5 }],
  ['no_slab_reassign', { slabReassign: false }],
  ['no_chunked_items', { slabChunkBytesMax: MIB }],
  ['track_sizes', { trackSizes: true }],
  ['inline_ascii_resp,no_inline_ascii_resp,no_drop_privileges,', {}],
  ['hashpower=17', { hashpowerInit: 17 }],
  ['no_hashexpand', { hashExpand: false }],
  ['hash_algorithm=xxh3', { hashAlgorithm: 'xxh3' }],
  ['tail_repair_time=10', { tailRepairTimeSec: 10 }],
  ['resp_obj_mem_limit=1', {}],
  ['slab_sizes=96-128', {}],
];

describe('-o', () => {
  it.each(CASES)('%s', (list, differing) => {
    const { warnings: _, ...expected } = { ...configOf(''), ...differing };
    expect(configOf(`-o ${list}`)).toMatchObject(expected);
  });

  it('is read from left to right, over several -o', () => {
    expect(configOf('-o lru_crawler -o no_modern').lruCrawler).toBe(false);
    expect(configOf('-o no_modern -o lru_crawler').lruCrawler).toBe(true);
  });

  it('may be empty', () => {
    expect(configOf('--extended=')).toEqual(configOf(''));
  });

  it('has a case above, or a refusal elsewhere, for every row', () => {
    const named = new Set(CASES.flatMap(([list]) => list.split(/[,=]/)));
    const rows = EXTENDED_ROWS.filter((row) => row.kind !== 'refused').map((row) => row.name);
    const without = rows.filter((name) => !named.has(name) && !named.has(`no_${name}`));
    expect(without).toEqual([]);
  });
});
