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
import { setWrite, valueWrite } from '../support/value-bytes.ts';
import type { Trace } from './trace.ts';

export interface ReplayResult {
  readonly hitRatio: number;
  readonly hitRatioBytes: number;
  readonly wrongCount: number;
  readonly refusedCount: number;
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

/** Most keys in a window. */
const WINDOW_COUNT_MAX = 32;
const LINE_BYTES_MAX = 320;
const REQUEST_BYTES_MIN = 1 << 16;
const END_BYTES = 5;

/** Replays the trace; `tell` is told the share done so far. */
export async function replayRun(
  trace: Trace,
  client: TextClient,
  tell: (share: number) => void,
): Promise<ReplayResult> {
  const { requests, sizes, ratePerSec } = trace;
  const replay: Replay = {
    trace,
    client,
    request: Buffer.allocUnsafe(REQUEST_BYTES_MIN),
    expected: Buffer.allocUnsafe(sizes.reduce((a, b) => Math.max(a, b), 0)),
    window: new Map(),
    found: new Set(),
    wrongCount: 0,
    refusedCount: 0,
  };
  const startMs = performance.now();
  let missed: number[] = [];
  let hitCount = 0;
  let hitBytes = 0;
  let askedBytes = 0;
  for (let at = 0; at < requests.length; ) {
    if (ratePerSec > 0) await paceWait(startMs + (at / ratePerSec) * 1000);
    at = windowFill(replay, at);
    await windowRun(replay, missed);
    missed = [];
    for (const keyId of replay.window.values()) {
      askedBytes += sizes[keyId];
      if (replay.found.has(keyId)) hitBytes += sizes[keyId];
      else missed.push(keyId);
    }
    hitCount += replay.found.size;
    tell(at / requests.length);
  }
  return {
    hitRatio: hitCount / requests.length,
    hitRatioBytes: hitBytes / askedBytes,
    wrongCount: replay.wrongCount,
    refusedCount: replay.refusedCount,
  };
}

/** Takes requests into the window until one repeats or it is full; returns where the next starts. */
function windowFill(replay: Replay, first: number): number {
  const { requests, keys } = replay.trace;
  replay.window.clear();
  replay.found.clear();
  let at = first;
  while (at < requests.length && at - first < WINDOW_COUNT_MAX) {
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
  const setBytes = missed.reduce((sum, keyId) => sum + sizes[keyId] + LINE_BYTES_MAX, 0);
  const needBytes = setBytes + (replay.window.size + 1) * LINE_BYTES_MAX;
  if (needBytes > replay.request.length) replay.request = Buffer.allocUnsafe(needBytes * 2);
  const { request, client } = replay;
  let at = 0;
  for (const keyId of missed) {
    at = setWrite(request, at, keys[keyId], keyId, sizes[keyId], ttlsSec[keyId]);
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
