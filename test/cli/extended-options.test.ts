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
  [
    'ssl_chain_cert=/c,ssl_key=/k,ssl_keyformat=2,ssl_ca_cert=/a',
    { tlsChainCert: '/c', tlsKey: '/k', tlsKeyFormat: 2, tlsCaCert: '/a' },
  ],
  [
    'ssl_verify_mode=2,ssl_ciphers=HIGH:!PSK,ssl_min_version=3',
    { tlsVerifyMode: 2, tlsCiphers: 'HIGH:!PSK', tlsMinVersion: 3 },
  ],
  ['ssl_session_cache,ssl_wbuf_size=64', { tlsSessionCache: true, tlsWriteBufferBytes: 64 * KIB }],
];

const NO_LRU_LISTS = 'has no effect: there are no LRU lists, but one clock hand';
const BY_WORTH = 'has no effect: pages move by what a byte of each slab class is worth';
const SMALL_CHUNKS = 'has no effect: chunks have at most 8 KiB, and larger items take several';
const INDEX = 'has no effect: the index is sized by -m';
const CONNECTIONS = 'connections above -c are always told and closed at once';

/** A list, and every warning that it gives, without its `-o`. None: what it asks for, happens. */
const WARNINGS: readonly (readonly [string, ...string[]])[] = [
  ['modern'],
  ['no_modern', 'no_modern does no more than no_lru_crawler,slab_automove=0'],
  ['no_modern,lru_crawler', 'no_modern does no more than no_lru_crawler,slab_automove=0'],
  ['lru_maintainer,lru_crawler,slab_reassign,slab_automove,maxconns_fast,hashexpand'],
  ['no_lru_crawler,no_slab_automove,idle_timeout=3,track_sizes'],
  ['watcher_logbuf_size=8,worker_logbuf_size=8'],
  ['no_maxconns_fast', `no_maxconns_fast has no effect: ${CONNECTIONS}`],
  ['maxconns_fast=no', `maxconns_fast=no has no effect: ${CONNECTIONS}`],
  [
    'read_buf_mem_limit=1',
    'read_buf_mem_limit=1 has no effect: a thread reads all its connections into one buffer',
  ],
  ['read_buf_mem_limit=0,lru_crawler_tocrawl=0,hashpower=0,tail_repair_time=0'],
  [
    'lru_crawler_sleep=0',
    'lru_crawler_sleep=0 has no effect: expired items are swept ten times a second',
  ],
  [
    'lru_crawler_tocrawl=1',
    'lru_crawler_tocrawl=1 has no effect: expired items are found by page, not by walking a list',
  ],
  ['no_lru_maintainer', `no_lru_maintainer ${NO_LRU_LISTS}`],
  [
    'hot_lru_pct=20,warm_lru_pct=40',
    `hot_lru_pct=20 ${NO_LRU_LISTS}`,
    `warm_lru_pct=40 ${NO_LRU_LISTS}`,
  ],
  [
    'hot_max_factor=1,warm_max_factor=1',
    `hot_max_factor=1 ${NO_LRU_LISTS}`,
    `warm_max_factor=1 ${NO_LRU_LISTS}`,
  ],
  ['temporary_ttl=61', `temporary_ttl=61 ${NO_LRU_LISTS}`],
  [
    'no_slab_reassign',
    'no_slab_reassign has no effect: pages always move to a slab class that needs memory',
  ],
  ['slab_automove=0,slab_automove=1'],
  ['slab_automove=2', 'slab_automove=2 is the same as slab_automove=1'],
  ['slab_automove_ratio=0.5', `slab_automove_ratio=0.5 ${BY_WORTH}`],
  ['slab_automove_window=3', `slab_automove_window=3 ${BY_WORTH}`],
  ['slab_chunk_max=8'],
  ['slab_chunk_max=16', `slab_chunk_max=16 ${SMALL_CHUNKS}`],
  ['no_chunked_items', `no_chunked_items ${SMALL_CHUNKS}`],
  ['hashpower=20', `hashpower=20 ${INDEX}`],
  ['no_hashexpand', `no_hashexpand ${INDEX}`],
  ['hash_algorithm=keyed'],
  ['hash_algorithm=xxh3', 'hash_algorithm=xxh3 has no effect: the hash is our own, keyed'],
  [
    'tail_repair_time=10',
    'tail_repair_time=10 has no effect: no item can be lost at the end of a list here',
  ],
  ['resp_obj_mem_limit=1', 'resp_obj_mem_limit=1 has no effect: nor has it any in memcached'],
  ['slab_sizes=96-128', 'slab_sizes=96-128 has no effect: sizes follow from -n and -f'],
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

  it.each(WARNINGS)('%s', (list, ...warnings) => {
    const texts = warnings.map((text) => `-o ${text}`);
    expect(configOf(`-o ${list}`).warnings).toEqual(texts);
  });

  it('has a case above, or a refusal elsewhere, for every row', () => {
    const named = new Set(CASES.flatMap(([list]) => list.split(/[,=]/)));
    const rows = EXTENDED_ROWS.filter((row) => row.kind !== 'refused').map((row) => row.name);
    const without = rows.filter((name) => !named.has(name) && !named.has(`no_${name}`));
    expect(without).toEqual([]);
  });
});
