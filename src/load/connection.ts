/**
 * One connection of the load generator. It keeps up to `pipelineDepth` requests under way: what the
 * replies of one read have made room for leaves in one write.
 *
 *   inFlight*   ring of requests without an answer, oldest at `head`: key, kind, and when it was due
 *   dueCount    requests offered so far under a rate, of which `sentCount` had room in the ring
 *
 * A request's latency counts from when it was due, not from when the ring had room for it: a server
 * that stalls pays for every request it held up.
 */
import type { Socket } from 'node:net';
import { type Dialect, type ReplyScan, VERDICT, type Verdict } from './dialects/dialect.ts';
import { BUCKET_COUNT, bucketOf, TICKS_MAX, TICKS_PER_MS } from './histogram.ts';
import { type Link, type LinkEvents, linkMake } from './link.ts';
import type { LoadShare } from './plan.ts';
import { KIND, kindBase, TALLY, type Tally } from './tally.ts';

/** Bytes that one write takes, where requests are no larger. */
const BATCH_BYTES = 65_536;
const READ_BYTES = 65_536;
/** Views of the batch are kept for lengths up to this: with short requests it is always the same few. */
const VIEW_BYTES_MAX = 4096;

/** What the connections of a thread share. */
export interface LoadState {
  readonly plan: LoadShare;
  readonly dialect: Dialect;
  readonly keyDraw: () => number;
  readonly kindDraw: () => number;
  readonly tally: Tally;
  readonly readArea: Buffer;
  /** Requests of a write are put together here. */
  batch: Buffer;
  views: (Buffer | undefined)[];
  /** Requests that may still be sent. */
  requestsLeft: number;
  inFlightCount: number;
  openCount: number;
  isStarted: boolean;
  isEnding: boolean;
  /** When the first request is due, and how far apart a connection's are, under a rate. */
  startMs: number;
  stepMs: number;
  /** Something is wrong with a reply, or a connection: says what. */
  readonly problemNote: (problem: string) => void;
  /** Nothing is under way, and nothing more will be. */
  readonly ended: () => void;
}

export function batchRenew(state: LoadState): void {
  state.batch = Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, state.dialect.requestBytesMax));
  state.views = new Array<Buffer | undefined>(VIEW_BYTES_MAX).fill(undefined);
}

export function readAreaMake(): Buffer {
  return Buffer.allocUnsafeSlow(READ_BYTES);
}

export class LoadConnection implements LinkEvents {
  readonly state: LoadState;
  readonly link: Link;
  /** Its place among the thread's connections. */
  readonly index: number;
  readonly inFlightKeyIds: Int32Array;
  readonly inFlightKinds: Uint8Array;
  readonly inFlightDueMs: Float64Array;
  head = 0;
  count = 0;
  dueCount = 0;
  sentCount = 0;
  /** The beginning of a reply: rest[0, restEnd). */
  rest: Buffer = Buffer.alloc(0);
  restEnd = 0;
  readonly scan: ReplyScan = { offset: 0, elementsLeft: 1 };
  isEnded = false;

  constructor(state: LoadState, socket: Socket, index: number) {
    const depth = state.plan.pipelineDepth;
    this.state = state;
    this.index = index;
    this.inFlightKeyIds = new Int32Array(depth);
    this.inFlightKinds = new Uint8Array(depth);
    this.inFlightDueMs = new Float64Array(depth);
    state.openCount++;
    this.link = linkMake(socket, state.readArea, this);
  }

  linkData(bytes: Buffer, end: number): void {
    const nowMs = performance.now();
    this.state.tally.words[TALLY.bytesIn] += end;
    if (this.restEnd === 0) {
      const at = repliesTake(this, bytes, end, nowMs);
      if (at < end) restKeep(this, bytes, at, end);
    } else {
      restKeep(this, bytes, 0, end);
      const at = repliesTake(this, this.rest, this.restEnd, nowMs);
      if (at > 0) this.rest.copyWithin(0, at, this.restEnd);
      this.restEnd -= at;
    }
    if (!this.isEnded) connectionSend(this, nowMs);
  }

  /** The server hung up: whatever it still owed is an error. */
  linkLost(reason: string): void {
    this.lose(reason);
  }

  lose(reason: string): void {
    if (this.isEnded) return;
    const { words } = this.state.tally;
    words[TALLY.lostCount]++;
    this.state.problemNote(reason);
    this.close();
  }

  /** What has had no reply by now never will. */
  close(): void {
    if (this.isEnded) return;
    const { state } = this;
    this.isEnded = true;
    state.tally.words[TALLY.unansweredCount] += this.count;
    if (state.plan.ratePerSec > 0) {
      const unsentCount = this.dueCount - this.sentCount;
      state.tally.words[TALLY.unsentCount] += unsentCount;
      state.requestsLeft -= unsentCount;
    }
    state.inFlightCount -= this.count;
    this.count = 0;
    state.openCount--;
    this.link.close();
    endLook(state);
  }
}

/** Fills the ring with requests and writes them at once. */
export function connectionSend(connection: LoadConnection, nowMs: number): void {
  const { state } = connection;
  const { plan } = state;
  // It may have been lost before the start, or been sent what nobody asked for.
  if (connection.isEnded || !state.isStarted) return;
  let left = plan.pipelineDepth - connection.count;
  const isPaced = plan.ratePerSec > 0;
  if (isPaced) left = Math.min(left, connection.dueCount - connection.sentCount);
  if (left > state.requestsLeft) left = state.requestsLeft;
  if (left <= 0 || state.isEnding) {
    endLook(state);
    return;
  }
  const bytesMax = state.dialect.requestBytesMax;
  let at = 0;
  for (; left > 0; left--) {
    if (at + bytesMax > state.batch.length) {
      batchSend(connection, at);
      at = 0;
    }
    at = requestAdd(connection, at, isPaced ? dueMsNext(connection) : nowMs);
  }
  batchSend(connection, at);
}

/** When the connection's next request is due: the thread's connections take turns. */
function dueMsNext({ state, index, sentCount }: LoadConnection): number {
  const { startMs, stepMs, plan } = state;
  return startMs + (index + sentCount * plan.connectionCount) * stepMs;
}

/** Chooses a request, writes it behind the others and notes it in the ring. */
function requestAdd(connection: LoadConnection, at: number, dueMs: number): number {
  const { state } = connection;
  const depth = state.plan.pipelineDepth;
  const kind = state.kindDraw();
  const keyId = state.keyDraw();
  let slot = connection.head + connection.count;
  if (slot >= depth) slot -= depth;
  connection.inFlightKeyIds[slot] = keyId;
  connection.inFlightKinds[slot] = kind;
  connection.inFlightDueMs[slot] = dueMs;
  connection.count++;
  connection.sentCount++;
  state.inFlightCount++;
  state.requestsLeft--;
  return state.dialect.requestWrite(state.batch, at, kind, keyId);
}

function batchSend({ state, link }: LoadConnection, bytes: number): void {
  let piece: Buffer | undefined;
  if (bytes < VIEW_BYTES_MAX) piece = state.views[bytes] ??= state.batch.subarray(0, bytes);
  else piece = state.batch.subarray(0, bytes);
  state.tally.words[TALLY.bytesOut] += bytes;
  // The kernel would not take it at once, and the link needs the bytes until it does.
  if (!link.send(piece)) batchRenew(state);
}

/** Judges every whole reply in bytes[0, end); returns where the first that is not whole begins. */
function repliesTake(
  connection: LoadConnection,
  bytes: Buffer,
  end: number,
  nowMs: number,
): number {
  const { state, inFlightKeyIds, inFlightKinds, inFlightDueMs } = connection;
  const { dialect } = state;
  const depth = state.plan.pipelineDepth;
  let at = 0;
  while (connection.count > 0 && at < end) {
    const slot = connection.head;
    const kind = inFlightKinds[slot];
    const verdict = dialect.replyJudge(bytes, at, end, kind, inFlightKeyIds[slot], connection.scan);
    if (verdict === VERDICT.incomplete) return at;
    if (verdict >= VERDICT.refused) state.problemNote(dialect.problem);
    if (verdict === VERDICT.broken) {
      connection.lose('replies that cannot be read');
      return end;
    }
    verdictCount(state.tally, kind, verdict, nowMs - inFlightDueMs[slot]);
    connection.head = slot + 1 === depth ? 0 : slot + 1;
    connection.count--;
    state.inFlightCount--;
    at = dialect.replyEnd;
  }
  if (at === end) return end;
  strayCount(connection);
  return end;
}

/** An answer that nobody asked for. */
function strayCount({ state }: LoadConnection): void {
  state.problemNote('an answer to nothing that was asked');
  state.tally.words[kindBase(0) + KIND.wrongCount]++;
}

function verdictCount({ words, counts }: Tally, kind: number, verdict: Verdict, ms: number): void {
  const base = kindBase(kind);
  const ticks = Math.max(0, Math.min(Math.round(ms * TICKS_PER_MS), TICKS_MAX)) | 0;
  words[base + KIND.operationCount]++;
  words[base + KIND.ticksSum] += ticks;
  if (ticks > words[base + KIND.ticksMax]) words[base + KIND.ticksMax] = ticks;
  counts[kind * BUCKET_COUNT + bucketOf(ticks)]++;
  if (verdict === VERDICT.hit) words[base + KIND.hitCount]++;
  else if (verdict === VERDICT.miss) words[base + KIND.missCount]++;
  else if (verdict === VERDICT.refused) words[base + KIND.refusedCount]++;
  else if (verdict === VERDICT.wrong) words[base + KIND.wrongCount]++;
}

/** Adds bytes[at, end) to what is kept of a reply that has not come whole. */
function restKeep(connection: LoadConnection, bytes: Buffer, at: number, end: number): void {
  const needed = connection.restEnd + end - at;
  if (needed > connection.rest.length) {
    const grown = Buffer.allocUnsafeSlow(needed * 2);
    connection.rest.copy(grown, 0, 0, connection.restEnd);
    connection.rest = grown;
  }
  bytes.copy(connection.rest, connection.restEnd, at, end);
  connection.restEnd = needed;
}

/** Whether all is over. */
export function endLook(state: LoadState): void {
  const isLast = state.isEnding || state.requestsLeft <= 0 || state.openCount === 0;
  if (isLast && state.inFlightCount === 0) state.ended();
}
