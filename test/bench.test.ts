/**
 * The benches run small, so that none rots. What is checked is that they end, count and find no wrong
 * byte; no test looks at a time. Then the parts whose mistakes would not show in a report.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatorOpen, benchKeyName as keyName } from '../bench/load/generator.ts';
import type { LoadGenerator, LoadResult } from '../bench/load/profile.ts';
import { programFind } from '../bench/support/command.ts';
import { tableFormat } from '../bench/support/report.ts';
import { medianEstimate, ratioSummaryOf, summaryOf } from '../bench/support/statistics.ts';
import { valueWrite } from '../bench/support/value-bytes.ts';
import { traceRead } from '../bench/trace/reader.ts';
import { syntheticMake, WORKLOADS, zipfMake } from '../bench/trace/synthetic.ts';
import { randomMake } from '../src/base/random.ts';

const ROOT = join(import.meta.dirname, '..');
const BENCH_MS_MAX = 60_000;
const execFileAsync = promisify(execFile);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a bench small and returns its report and what it wrote as JSON. */
async function benchRun(name: string, ...flags: string[]): Promise<[string, unknown]> {
  const json = join(folder, `${name}.json`);
  const words = [join(ROOT, 'bench', `${name}.ts`), '--quick', '--json', json, ...flags];
  const { stdout } = await execFileAsync(process.execPath, words, { cwd: ROOT });
  return [stdout, JSON.parse(readFileSync(json, 'utf8'))];
}

describe('benches, run small', { timeout: BENCH_MS_MAX }, () => {
  it('compare: our server with itself, without a wrong reply', async () => {
    const same = `${process.execPath} src/main.ts -p {port} -l 127.0.0.1 -U 0 -t {threads} -m {mem}`;
    const [report, json] = await benchRun('compare', '--peer', same, '--pipelines', '1,16');
    expect(report).toMatch(/\| pipeline \| +server \|/);
    expect(report).toMatch(/^\| 16 +\| ratio \(spread\)/m);
    const round = { operationCount: expect.any(Number), missCount: 0, errorCount: 0 };
    const server = { checkErrorCount: 0, rounds: [expect.objectContaining(round)] };
    const comparison = {
      servers: [expect.objectContaining(server), expect.objectContaining(server)],
    };
    expect(json).toMatchObject({ comparisons: [comparison, comparison] });
  });

  it('compare: at a share of the peak', async () => {
    const flags = ['--peer', 'none', '--pipelines', '1', '--rate', '70%'];
    const [report, json] = await benchRun('compare', ...flags);
    expect(report).toContain('Offered load: ');
    const servers = [{ checkErrorCount: 0, rounds: [{ errorCount: 0 }] }];
    expect(json).toMatchObject({ comparisons: [{ servers }] });
  });

  it.skipIf(programFind('memtier_benchmark') === null)(
    'compare: by memtier (skipped without it)',
    async () => {
      const flags = ['--peer', 'none', '--pipelines', '4', '--generator', 'memtier'];
      const [report, json] = await benchRun('compare', ...flags, '--seconds', '1');
      expect(report).toContain('Load by memtier_benchmark');
      const round = { operationCount: expect.any(Number), missCount: 0, errorCount: 0 };
      expect(json).toMatchObject({ comparisons: [{ servers: [{ rounds: [round] }] }] });
    },
  );

  it('admin: each state under each load, without a wrong reply', async () => {
    const [report, json] = await benchRun('admin');
    expect(report).toMatch(/^\| all loads +\| +ten browsers \| /m);
    const { states, samples } = json as {
      states: { name: string; asker: string }[];
      samples: { state: number; answers: number }[];
    };
    expect(samples.length).toBe(3 * states.length);
    for (const sample of samples) {
      const { name, asker } = states[sample.state];
      expect(sample, name).toMatchObject({ cpuUsPerOp: expect.any(Number), errorCount: 0 });
      if (asker === 'nobody') expect(sample.answers, name).toBe(0);
      else expect(sample.answers, name).toBeGreaterThan(0);
    }
  });

  it('engine: one thread and two, without a miss', async () => {
    const [report, json] = await benchRun('engine');
    expect(report).toContain('scaling');
    const { series } = json as { series: { rounds: { byThread: object[] }[] }[] };
    expect(series.map(({ rounds }) => rounds[0].byThread.length)).toEqual([
      1, 2, 1, 2, 1, 2, 1, 2, 1, 2,
    ]);
    for (const result of series.flatMap(({ rounds }) => rounds[0].byThread)) {
      expect(result).toMatchObject({ missCount: 0, refusedCount: 0 });
    }
  });

  it('bytes-per-item: fills a server past its limit', async () => {
    const [report, json] = await benchRun('bytes-per-item', '--peer', 'none');
    expect(report).toContain('overhead B/item');
    expect(report).not.toContain('nothing evicted');
    expect(json).toMatchObject({ results: [{ valueBytes: 100, refusedCount: 0 }] });
  });

  it('hit-ratio: replays a workload, without a wrong value', async () => {
    const [report, json] = await benchRun('hit-ratio', '--peer', 'none');
    expect(report).toContain('hit ratio');
    expect(json).toMatchObject({ results: [{ trace: 'scan', wrongCount: 0, refusedCount: 0 }] });
  });

  it('scripts: each load is served', async () => {
    const [report, json] = await benchRun('scripts', '--peer', 'none', '--seconds', '0.05');
    expect(report).toMatch(/^\| consume +\| +Flagstone \|/m);
    const rounds = [{ opsPerSec: expect.any(Number), cpuUsPerOp: expect.any(Number) }];
    const served = { servers: [{ name: 'Flagstone', rounds }] };
    expect(json).toMatchObject({ results: Array.from({ length: 7 }, () => served) });
  });

  it('idle: opens connections, leaves them alone, and reads the heap', async () => {
    const [report, json] = await benchRun('idle', '--peer', 'none');
    expect(report).toContain('RSS B/connection');
    const heapBytesPerMillionItems = expect.any(Number);
    expect(json).toMatchObject({ results: [{ connectionCount: 100, heapBytesPerMillionItems }] });
  });
});

describe('load generator', () => {
  const profile = {
    connectionCount: 2,
    pipelineDepth: 4,
    setWeight: 0,
    getWeight: 1,
    keyCount: 1,
    valueBytes: 20,
    seed: 1,
    durationMs: 50,
    ratePerSec: 0,
  };
  /** The value that the generator stores under its only key. */
  const value = Buffer.alloc(profile.valueBytes);
  valueWrite(value, 0, keyName(0), 0, profile.valueBytes);
  const text = value.toString('latin1');

  let generator: LoadGenerator;
  beforeAll(() => {
    generator = generatorOpen(1);
  });
  afterAll(() => generator.close());

  /** Runs the profile against a server that answers every get with `answer`. */
  async function againstAnswer(answer: string): Promise<LoadResult> {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        const getCount = chunk.toString('latin1').split(`get ${keyName(0)}\r\n`).length - 1;
        socket.write(answer.repeat(getCount));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // as it listens on a port
    try {
      return await generator.run({ ...profile, port });
    } finally {
      server.close();
    }
  }

  it('takes the value it would have stored', async () => {
    const result = await againstAnswer(`VALUE key:00000000 0 20\r\n${text}\r\nEND\r\n`);
    expect(result.operationCount).toBeGreaterThan(0);
    expect(result).toMatchObject({ errorCount: 0, missCount: 0 });
  });

  it('counts misses apart', async () => {
    const result = await againstAnswer('END\r\n');
    expect(result).toMatchObject({ errorCount: 0, missCount: result.operationCount });
  });

  it.each([
    ['one wrong byte', `VALUE key:00000000 0 20\r\n${text.slice(0, -1)}\t\r\nEND\r\n`],
    ["another key's value", `VALUE key:00000001 0 20\r\n${text}\r\nEND\r\n`],
    ['another length', `VALUE key:00000000 0 19\r\n${text.slice(1)}\r\nEND\r\n`],
    ['an error', 'SERVER_ERROR out of memory\r\n'],
    ['an answer to nothing asked', 'STORED\r\n'],
  ])('counts as wrong: %s', async (_, answer) => {
    const result = await againstAnswer(answer);
    expect(result.operationCount).toBeGreaterThan(0);
    expect(result.errorCount).toBe(result.operationCount);
  });
});

describe('support', () => {
  it('random: equal seeds give equal sequences, different ones do not', () => {
    const draws = (seed: number): number[] => Array.from({ length: 8 }, randomMake(seed));
    expect(draws(3)).toEqual(draws(3));
    expect(draws(3)).not.toEqual(draws(4));
  });

  it('statistics: median and ends, without what is no number', () => {
    expect(summaryOf([4, 1, Number.NaN, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(summaryOf([Number.NaN]).median).toBeNaN();
  });

  it('statistics: a median, and between what bounds it is', () => {
    const estimate = medianEstimate(Array.from({ length: 100 }, (_, i) => 100 - i));
    expect(estimate).toEqual({ median: 50.5, lower: 41, upper: 60 });
    expect(medianEstimate([3, Number.NaN, 1])).toEqual({ median: 2, lower: 1, upper: 3 });
    expect(medianEstimate([]).lower).toBeNaN();
  });

  it('statistics: ratios of neighbours', () => {
    expect(ratioSummaryOf([2, 3], [1, 6])).toEqual({ median: 2, min: 0.5, max: 3 });
  });

  it('report: pads the cells of a table', () => {
    expect(tableFormat(['a', 'b'], [['x', '10']])).toBe(
      '| a   |   b |\n| --- | --: |\n| x   |  10 |\n',
    );
  });
});

describe('traces', () => {
  const format = { array: '', keyColumn: 1, sizeColumn: 0, sizes: '10:1,20:1', requestCount: 0 };

  it('reads oracleGeneral records', () => {
    const bytes = Buffer.alloc(3 * 24);
    [7n, 2n ** 63n, 7n].forEach((object, i) => {
      bytes.writeBigUInt64LE(object, i * 24 + 4);
      bytes.writeUInt32LE(i === 1 ? 5_000_000 : 50, i * 24 + 12);
    });
    const path = join(folder, 'three.oracleGeneral.bin');
    writeFileSync(path, bytes);
    const trace = traceRead(path, format);
    expect([...trace.requests]).toEqual([0, 1, 0]);
    expect(trace.keys).toEqual(['7', '9223372036854775808']);
    expect([...trace.sizes]).toEqual([50, 524_288]);
  });

  it('reads columns of text, compressed, and skips the header', () => {
    const path = join(folder, 'columns.csv.gz');
    writeFileSync(path, gzipSync('time,key,size\n1,a,30\n2,b,40\n3,a,30\n'));
    const trace = traceRead(path, { ...format, keyColumn: 2, sizeColumn: 3 });
    expect(trace.keys).toEqual(['a', 'b']);
    expect([...trace.requests]).toEqual([0, 1, 0]);
    expect([...trace.sizes]).toEqual([30, 40]);
  });

  it('reads bare arrays, each key with a size of its own', () => {
    const path = join(folder, 'keys.bin');
    writeFileSync(path, Buffer.from([0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 5]));
    const trace = traceRead(path, { ...format, array: 'be32' });
    expect(trace.keys).toEqual(['5', '6']);
    expect([...trace.sizes].every((sizeBytes) => sizeBytes === 10 || sizeBytes === 20)).toBe(true);
  });

  it.each(Object.keys(WORKLOADS))('makes the same %s workload again', (name) => {
    const make = () => syntheticMake(name, 5000, 1, 'lognormal:300:1');
    const trace = make();
    expect(trace.requests.length).toBe(5000);
    expect(trace).toEqual(make());
  });

  it('draws each rank as often as its weight says', () => {
    const rankDraw = zipfMake(100, 0.9, randomMake(5));
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 200_000; i++) counts[rankDraw()]++;
    expect(counts[0] / counts[9]).toBeCloseTo(10 ** 0.9, 0);
  });
});
