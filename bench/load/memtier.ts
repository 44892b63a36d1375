/**
 * memtier_benchmark as a load generator: the tool that the field knows, and cheaper on the client's core
 * than ours. It does not look at the values it reads.
 * Operations a second come from its per-second series: its own average divides by a duration that can be
 * a second off when connections straddle a second's border.
 */

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadGenerator, LoadProfile, LoadResult } from './profile.ts';

/** The part of memtier's JSON that is read here. */
interface MemtierStats {
  readonly Totals?: {
    readonly Count?: number;
    readonly 'Connection Errors'?: number;
    readonly 'Percentile Latencies'?: Readonly<Record<string, number>>;
    readonly 'Time-Serie'?: Readonly<Record<string, { readonly Count?: number }>>;
  };
  readonly Gets?: { readonly 'Hits/sec'?: number; readonly 'Misses/sec'?: number };
}

const execFileAsync = promisify(execFile);

/** A generator that runs `program`, with `threadCount` threads. */
export function memtierOpen(program: string, threadCount: number): LoadGenerator {
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n', 1)[0];
  return {
    title: version.trim().split(' ').slice(0, 2).join(' '),
    fill: async (profile) => {
      const words = ['--ratio', '1:0', '--key-pattern', 'P:P', '-n', 'allkeys', '--pipeline', '64'];
      const few = { ...profile, connectionCount: 4 * threadCount };
      const { Totals } = await memtierRun(program, few, threadCount, words);
      if ((Totals?.Count ?? 0) < profile.keyCount * 0.99) {
        throw new Error(`memtier stored ${Totals?.Count} of ${profile.keyCount} keys`);
      }
    },
    run: async (profile) => {
      const seconds = Math.max(1, Math.round(profile.durationMs / 1000));
      const words = [
        '--ratio',
        `${profile.setWeight}:${profile.getWeight}`,
        '--key-pattern',
        'R:R',
      ];
      words.push('--test-time', `${seconds}`, '--pipeline', `${profile.pipelineDepth}`);
      if (profile.ratePerSec > 0) {
        const perConnection = Math.max(1, Math.round(profile.ratePerSec / profile.connectionCount));
        words.push('--rate-limiting', `${perConnection}`);
      }
      return resultRead(await memtierRun(program, profile, threadCount, words), seconds);
    },
    close: () => Promise.resolve(),
  };
}

async function memtierRun(
  program: string,
  profile: LoadProfile,
  threadCount: number,
  more: readonly string[],
): Promise<MemtierStats> {
  const folder = mkdtempSync(join(tmpdir(), 'flagstone-bench-'));
  const file = join(folder, 'memtier.json');
  const connections = Math.max(1, Math.round(profile.connectionCount / threadCount));
  const words = ['-s', '127.0.0.1', '-p', `${profile.port}`, '-P', 'memcache_text'];
  words.push('-t', `${threadCount}`, '-c', `${connections}`, '-d', `${profile.valueBytes}`);
  words.push('--key-minimum', '1', '--key-maximum', `${profile.keyCount}`, '--hide-histogram');
  words.push('--distinct-client-seed', '--print-percentiles', '50,99,99.9');
  words.push('--json-out-file', file, ...more);
  try {
    await execFileAsync(program, words, { timeout: 600_000, maxBuffer: 1 << 26 });
    const json = JSON.parse(readFileSync(file, 'utf8')) as { 'ALL STATS'?: MemtierStats };
    return json['ALL STATS'] ?? {};
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function resultRead(stats: MemtierStats, seconds: number): LoadResult {
  const totals = stats.Totals;
  const latencies = totals?.['Percentile Latencies'];
  if (totals?.Count === undefined || latencies === undefined) {
    throw new Error('this memtier_benchmark writes another JSON: use --generator own');
  }
  const series = totals['Time-Serie'] ?? {};
  let wholeCount = 0;
  for (let second = 0; second < seconds; second++) wholeCount += series[second]?.Count ?? 0;
  const percentileUs = (name: string): number => (latencies[name] ?? Number.NaN) * 1000;
  const hits = stats.Gets?.['Hits/sec'] ?? 0;
  const misses = stats.Gets?.['Misses/sec'] ?? 0;
  return {
    operationCount: totals.Count,
    opsPerSec: (wholeCount > 0 ? wholeCount : totals.Count) / seconds,
    p50Us: percentileUs('p50.00'),
    p99Us: percentileUs('p99.00'),
    p999Us: percentileUs('p99.90'),
    missCount: Math.round((misses / Math.max(hits + misses, 1)) * totals.Count),
    errorCount: totals['Connection Errors'] ?? 0,
  };
}
