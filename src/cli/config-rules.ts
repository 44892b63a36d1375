/**
 * The rules between options: what one row cannot know of another. They run once all places are
 * read, in the order in which a user would want to hear of them.
 */
import { FAULT } from '../base/errors.ts';
import type { Config, Draft, Machine } from './config.ts';
import { SLAB_PAGE_BYTES } from './extended-options.ts';
import { THREAD_COUNT_AUTO } from './option-rows.ts';
import { KIB, sizeText } from './units.ts';

/** Threads of `-t auto`: memcached's four, on a machine that has them. */
const THREAD_COUNT_AUTO_MAX = 4;
const LRU_PCT_SUM_MAX = 80;

/** Checks the draft, fills in the derived fields, and seals it. */
export function configFinish(draft: Draft, machine: Machine): Config {
  memoryRules(draft, machine);
  slabChunkRules(draft);
  lruRules(draft);
  networkRules(draft);
  const { config } = draft;
  if (config.threadCount === THREAD_COUNT_AUTO) {
    config.threadCount = threadCountAuto(machine);
  }
  config.statsDetailEnabled = draft.given.has('prefix-delimiter');
  config.temporaryLru = draft.given.has('temporary_ttl');
  config.warnings = draft.warnings;
  return config;
}

export function threadCountAuto(machine: Machine): number {
  return Math.max(1, Math.min(machine.coreCount, THREAD_COUNT_AUTO_MAX));
}

function memoryRules({ config, given, warnings }: Draft, machine: Machine): void {
  const memory = sizeText(config.memoryBytes);
  if (config.itemBytesMax > config.memoryBytes / 2) {
    const item = sizeText(config.itemBytesMax);
    if (!given.has('max-item-size')) {
      const problem = `items of ${item} (-I) may take at most half of it`;
      throw FAULT.memoryTooLittle(`-m ${memory}`, problem);
    }
    throw FAULT.optionValue(`-I ${item}`, `must be at most half of the memory (-m ${memory})`);
  }
  if (config.memoryBytes > machine.memoryBytes) {
    warnings.push(`-m ${memory} is more than this machine has (${sizeText(machine.memoryBytes)})`);
  }
}

/**
 * memcached's rules for slab_chunk_max, of which it shows the result in "stats settings". Unless it
 * is given it follows -I, where memcached would refuse to start.
 */
function slabChunkRules({ config, given }: Draft): void {
  if (!given.has('slab_chunk_max')) {
    if (config.itemBytesMax > SLAB_PAGE_BYTES) config.slabChunkBytesMax = SLAB_PAGE_BYTES / 2;
    while (config.slabChunkBytesMax > config.itemBytesMax) config.slabChunkBytesMax /= 2;
    return;
  }
  const label = `-o slab_chunk_max=${config.slabChunkBytesMax / KIB}`;
  if (config.slabChunkBytesMax > config.itemBytesMax) {
    throw FAULT.optionValue(label, `must be at most -I (${sizeText(config.itemBytesMax)})`);
  }
  if (SLAB_PAGE_BYTES % config.slabChunkBytesMax !== 0) {
    throw FAULT.optionValue(label, `must divide ${SLAB_PAGE_BYTES / KIB} evenly`);
  }
}

function lruRules({ config, given }: Draft): void {
  if (config.hotLruPct + config.warmLruPct > LRU_PCT_SUM_MAX) {
    const label = `-o hot_lru_pct=${config.hotLruPct},warm_lru_pct=${config.warmLruPct}`;
    throw FAULT.optionValue(label, `must be at most ${LRU_PCT_SUM_MAX} together`);
  }
  if (given.has('temporary_ttl') && !config.lruMaintainer) {
    throw FAULT.optionValue('-o temporary_ttl', 'needs lru_maintainer');
  }
}

/**
 * UDP. memcached's `-U N` alone asks for TCP on the same port too; whoever says only that wants
 * UDP, and is told that there is none. Beside -p or -s there is another way to the server.
 */
function networkRules({ config, given, warnings }: Draft): void {
  if (config.udpPort !== 0) {
    const label = `-U ${config.udpPort}`;
    if (!given.has('port') && config.unixSocketPath === null) {
      throw FAULT.optionRefused(label, 'UDP is not in this version; say -p for TCP');
    }
    warnings.push(`${label} has no effect: UDP is not in this version`);
    config.udpPort = 0;
  }
  if (config.port === 0 && config.unixSocketPath === null) {
    warnings.push('-p 0 without -s: nobody can connect');
  }
}
