/**
 * memtier_benchmark as a load generator: the tool that the field knows, and cheaper on the client's
 * core than ours. It does not look at the values it reads.
 * Operations a second come from its per-second series: its own average divides by a duration that can
 * be a second off when connections straddle a second's border.
 */

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadGenerator, LoadProfile, LoadResult } from './profile.ts';

/** The part of memtier's JSON that is read here. */
interface MemtierStats {
  readonly Totals: {
    readonly Count: number;
    readonly 'Connection Errors'?: number;
    readonly 'Percentile Latencies': Readonly<Record<string, number>>;
    readonly 'Time-Serie': Readonly<Record<string, { readonly Count: number } | undefined>>;
  };
  readonly Gets: { readonly 'Hits/sec': number; readonly 'Misses/sec': number };
}

const KEY_PREFIX = 'memtier-';
const execFileAsync = promisify(execFile);

/** memcached's protocols, as memtier_benchmark names them. */
export type MemtierProtocol = 'memcache_text' | 'memcache_binary';

/** A generator that runs `program`, with `threadCount` threads. */
export function memtierOpen(
  program: string,
  threadCount: number,
  protocol: MemtierProtocol,
): LoadGenerator {
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n', 1)[0];
  return {
    title: version.trim().split(' ').slice(0, 2).join(' '),
    keyName: (keyId) => `${KEY_PREFIX}${keyId + 1}`, // it knows no key 0
    run: async (profile) => {
      const seconds = Math.max(1, Math.round(profile.durationMs / 1000));
      const words = flagsFor(profile, threadCount, seconds, protocol);
      return resultRead(await memtierRun(program, words), seconds);
    },
    close: () => Promise.resolve(),
  };
}

function flagsFor(
  profile: LoadProfile,
  threadCount: number,
  seconds: number,
  protocol: MemtierProtocol,
): readonly string[] {
  const connections = Math.max(1, Math.round(profile.connectionCount / threadCount));
  const flags = {
    '--server': '127.0.0.1',
    '--port': profile.port,
    '--protocol': protocol,
    '--threads': threadCount,
    '--clients': connections,
    '--pipeline': profile.pipelineDepth,
    '--ratio': `${profile.setWeight}:${profile.getWeight}`,
    '--data-size': profile.valueBytes,
    '--key-prefix': KEY_PREFIX,
    '--key-minimum': 1,
    '--key-maximum': profile.keyCount,
    '--key-pattern': 'R:R',
    '--test-time': seconds,
    '--print-percentiles': '50,99,99.9',
  };
  const words = Object.entries(flags).flatMap(([name, value]) => [name, `${value}`]);
  words.push('--hide-histogram', '--distinct-client-seed');
  if (profile.ratePerSec > 0) {
    const perConnection = Math.round(profile.ratePerSec / (connections * threadCount));
    words.push('--rate-limiting', `${Math.max(1, perConnection)}`);
  }
  return words;
}

async function memtierRun(program: string, words: readonly string[]): Promise<MemtierStats> {
  const folder = mkdtempSync(join(tmpdir(), 'flagstone-bench-'));
  const file = join(folder, 'memtier.json');
  try {
    await execFileAsync(program, [...words, '--json-out-file', file], { maxBuffer: 1 << 26 });
    const json = JSON.parse(readFileSync(file, 'utf8')) as { 'ALL STATS': MemtierStats };
    return json['ALL STATS'];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function resultRead({ Totals, Gets }: MemtierStats, seconds: number): LoadResult {
  const series = Totals['Time-Serie'];
  let wholeCount = 0;
  for (let second = 0; second < seconds; second++) wholeCount += series[second]?.Count ?? 0;
  const percentileUs = (name: string): number => Totals['Percentile Latencies'][name] * 1000;
  const misses = Gets['Misses/sec'];
  return {
    operationCount: Totals.Count,
    opsPerSec: wholeCount / seconds,
    p50Us: percentileUs('p50.00'),
    p99Us: percentileUs('p99.00'),
    p999Us: percentileUs('p99.90'),
    missCount: Math.round((misses / Math.max(Gets['Hits/sec'] + misses, 1)) * Totals.Count),
    errorCount: Totals['Connection Errors'] ?? 0,
  };
}
