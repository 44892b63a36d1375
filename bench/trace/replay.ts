/**
 * A trace replayed against a server: get; on a miss, set.
 *
 * Requests go in windows of different keys, on one connection:
 *
 *   → set (misses of the window before) …   get k1 k2 k3 … kN
 *   ← STORED …                              VALUE k2 … VALUE k3 … END
 *
 * A key that repeats closes its window, so that a repeat always sees its own set. Values follow from
 * their keys and are compared whole: a wrong or torn one is counted.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { clientExchange, lineEndFind, type TextClient } from '../support/text-client.ts';
import { valueWrite } from '../support/value-bytes.ts';
import type { Trace } from './trace.ts';

export interface ReplayPlan {
  /** Most keys in a window. */
  readonly windowCount: number;
  /** Requests a second; 0: as fast as it goes. */
  readonly ratePerSec: number;
  /** Share of the trace after which the warm hit ratio starts to count. */
  readonly warmShare: number;
}

export interface ReplayResult {
  readonly hitRatio: number;
  readonly hitRatioBytes: number;
  readonly hitRatioWarm: number;
  readonly wrongCount: number;
  readonly refusedCount: number;
  readonly elapsedMs: number;
}

interface Replay {
  readonly trace: Trace;
  readonly client: TextClient;
  request: Buffer;
  expected: Buffer;
  /** Key ids of the window under way, and of those among them that were found. */
  readonly window: Map<string, number>;
  readonly found: Set<number>;
  wrongCount: number;
  refusedCount: number;
}

const LINE_BYTES_MAX = 300;
const REQUEST_BYTES_MIN = 1 << 16;
const END_BYTES = 5;

export async function replayRun(
  trace: Trace,
  client: TextClient,
  plan: ReplayPlan,
): Promise<ReplayResult> {
  const sizeBytesMax = trace.sizes.reduce((max, sizeBytes) => Math.max(max, sizeBytes), 0);
  const replay: Replay = {
    trace,
    client,
    request: Buffer.allocUnsafe(REQUEST_BYTES_MIN),
    expected: Buffer.allocUnsafe(sizeBytesMax),
    window: new Map(),
    found: new Set(),
    wrongCount: 0,
    refusedCount: 0,
  };
  const { requests, sizes } = trace;
  const warmStart = Math.floor(requests.length * plan.warmShare);
  const startMs = performance.now();
  let missed: number[] = [];
  let hitCount = 0;
  let hitBytes = 0;
  let askedBytes = 0;
  let warmHitCount = 0;
  let warmCount = 0;
  for (let at = 0; at < requests.length; ) {
    const first = at;
    at = windowFill(replay, at, plan.windowCount);
    if (plan.ratePerSec > 0) await paceWait(startMs + (first / plan.ratePerSec) * 1000);
    await windowRun(replay, missed);
    missed = [];
    for (const keyId of replay.window.values()) {
      askedBytes += sizes[keyId];
      if (replay.found.has(keyId)) hitBytes += sizes[keyId];
      else missed.push(keyId);
    }
    hitCount += replay.found.size;
    if (first >= warmStart) {
      warmHitCount += replay.found.size;
      warmCount += replay.window.size;
    }
  }
  return {
    hitRatio: hitCount / requests.length,
    hitRatioBytes: hitBytes / askedBytes,
    hitRatioWarm: warmHitCount / Math.max(1, warmCount),
    wrongCount: replay.wrongCount,
    refusedCount: replay.refusedCount,
    elapsedMs: performance.now() - startMs,
  };
}

/** Takes requests into the window until one repeats or it is full; returns where the next one starts. */
function windowFill(replay: Replay, first: number, windowCount: number): number {
  const { requests, keys } = replay.trace;
  replay.window.clear();
  replay.found.clear();
  let at = first;
  while (at < requests.length && at - first < windowCount) {
    const key = keys[requests[at]];
    if (replay.window.has(key)) break;
    replay.window.set(key, requests[at]);
    at++;
  }
  return at;
}

/** Sends the sets of the last window's misses and this window's get, and takes their replies. */
async function windowRun(replay: Replay, missed: readonly number[]): Promise<void> {
  const { sizes, ttlsSec, keys } = replay.trace;
  const setBytes = missed.reduce((sum, keyId) => sum + sizes[keyId] + 2 * LINE_BYTES_MAX, 0);
  const needBytes = setBytes + (replay.window.size + 1) * LINE_BYTES_MAX;
  if (needBytes > replay.request.length) replay.request = Buffer.allocUnsafe(needBytes * 2);
  const { request, client } = replay;
  let at = 0;
  for (const keyId of missed) {
    const key = keys[keyId];
    at += request.write(`set ${key} 0 ${ttlsSec[keyId]} ${sizes[keyId]}\r\n`, at, 'latin1');
    at = valueWrite(request, at, key, keyId, sizes[keyId]);
    at += request.write('\r\n', at, 'latin1');
  }
  at += request.write(`get ${[...replay.window.keys()].join(' ')}\r\n`, at, 'latin1');
  let setsLeft = missed.length;
  let isEnd = false;
  // A get answers with as many values as it finds, so count it as one reply and take it to its END.
  await clientExchange(client, request.subarray(0, at), missed.length + 1, (bytes, offset, end) => {
    if (setsLeft > 0) {
      const next = lineEndFind(bytes, offset, end);
      if (next < 0) return -1;
      setsLeft--;
      if (bytes.toString('latin1', offset, next) !== 'STORED\r\n') replay.refusedCount++;
      return next;
    }
    let taken = offset;
    while (!isEnd) {
      const next = valueTake(replay, bytes, taken, end);
      if (next < 0) break;
      isEnd = next - taken === END_BYTES;
      taken = next;
    }
    client.start = taken; // values taken so far are not looked at again
    return isEnd ? taken : -1;
  });
}

/** Takes one value, or the line END, which alone has its length. */
function valueTake(replay: Replay, bytes: Buffer, offset: number, end: number): number {
  const lineEnd = lineEndFind(bytes, offset, end);
  if (lineEnd < 0) return -1;
  const line = bytes.toString('latin1', offset, lineEnd - 2);
  if (line === 'END') return lineEnd;
  const [word, key = '', , size = ''] = line.split(' ');
  if (word !== 'VALUE') throw new Error(`the server answered a get with ${line}`);
  const sizeBytes = Number(size);
  const next = lineEnd + sizeBytes + 2;
  if (next > end) return -1;
  const keyId = replay.window.get(key);
  if (keyId === undefined || sizeBytes !== replay.trace.sizes[keyId]) {
    replay.wrongCount++;
    return next;
  }
  valueWrite(replay.expected, 0, key, keyId, sizeBytes);
  if (replay.expected.compare(bytes, lineEnd, lineEnd + sizeBytes, 0, sizeBytes) !== 0) {
    replay.wrongCount++;
  }
  replay.found.add(keyId);
  return next;
}

async function paceWait(dueMs: number): Promise<void> {
  const waitMs = dueMs - performance.now();
  if (waitMs > 2) await sleep(waitMs);
}
