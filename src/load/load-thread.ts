/** A load thread: carries out its part of one plan after the other, so that its code stays warm. */
import { errorReason, FAULT, FlagstoneError } from '../base/errors.ts';
import { type Random, randomBelow, randomMake, randomUnit } from '../base/random.ts';
import {
  batchRenew,
  connectionSend,
  endLook,
  LoadConnection,
  type LoadState,
  readAreaMake,
} from './connection.ts';
import { BinaryDialect } from './dialects/binary-dialect.ts';
import type { Dialect } from './dialects/dialect.ts';
import { LineDialect } from './dialects/line-dialect.ts';
import { RespDialect } from './dialects/resp-dialect.ts';
import { serverConnect } from './greeting.ts';
import { keyDrawer } from './key-draw.ts';
import { KeyValues } from './key-values.ts';
import type { LoadNews, LoadOrder, LoadPart } from './messages.ts';
import { pacerStart } from './pacer.ts';
import { addressText, type LoadKind, type LoadShare } from './plan.ts';
import { KIND, kindBase, Tally } from './tally.ts';

/** Connections that are being opened at a time: more than a server's queue holds would have to wait a second. */
const OPENING_COUNT_MAX = 64;
const SILENCE_LOOK_MS = 250;
/** Different problems that are kept. */
const PROBLEMS_MAX = 16;

export class LoadThread {
  private readonly tell: (news: LoadNews) => void;
  private readonly readArea = readAreaMake();
  private run: LoadRun | null = null;

  constructor(tell: (news: LoadNews) => void) {
    this.tell = tell;
  }

  order(order: LoadOrder): void {
    if (order.kind === 'open') void this.open(order.share, order.tally);
    else if (order.kind === 'end') this.run?.end();
    else if (this.run !== null) void this.go(this.run);
  }

  private async open(share: LoadShare, memory: SharedArrayBuffer): Promise<void> {
    this.run = new LoadRun(share, new Tally(memory, share.kinds.length), this.readArea);
    try {
      await this.run.open();
      this.tell({ kind: 'opened' });
    } catch (error) {
      this.run.close();
      const where = addressText(share.target.address);
      const fault =
        error instanceof FlagstoneError
          ? error
          : FAULT.serverUnreachable(where, errorReason(error));
      const { code, exitCode, message } = fault;
      this.tell({ kind: 'failed', code, exitCode, message });
    }
  }

  private async go(run: LoadRun): Promise<void> {
    this.tell({ kind: 'done', part: await run.go() });
  }
}

class LoadRun {
  private readonly plan: LoadShare;
  private readonly state: LoadState;
  private readonly connections: LoadConnection[] = [];
  private readonly problems = new Map<string, number>();
  private readonly over: Promise<void>;
  private fellSilent = false;

  constructor(plan: LoadShare, tally: Tally, readArea: Buffer) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const random = randomMake(plan.seed);
    this.plan = plan;
    this.over = promise;
    this.state = {
      plan,
      dialect: dialectMake(plan),
      keyDraw: keyDrawer(plan.keyDraw, plan.keyCount, random, plan.keyFrom, plan.keyTo),
      kindDraw: kindDrawer(plan.kinds, random),
      tally,
      readArea,
      batch: Buffer.alloc(0),
      views: [],
      requestsLeft: plan.requestCount,
      inFlightCount: 0,
      openCount: 0,
      isStarted: false,
      isEnding: false,
      startMs: 0,
      stepMs: plan.ratePerSec > 0 ? 1000 / plan.ratePerSec : 0,
      problemNote: (problem) => this.problemNote(problem),
      ended: resolve,
    };
    batchRenew(this.state);
  }

  /** Opens the connections, some at a time. Errors: FlagstoneError. */
  async open(): Promise<void> {
    const { connectionCount, target } = this.plan;
    let next = 0;
    const some = async (): Promise<void> => {
      while (next < connectionCount) {
        const index = next++;
        const socket = await serverConnect(target);
        this.connections.push(new LoadConnection(this.state, socket, index));
      }
    };
    const count = Math.min(OPENING_COUNT_MAX, connectionCount);
    const outcomes = await Promise.allSettled(Array.from({ length: count }, some));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    this.connections.sort((a, b) => a.index - b.index);
  }

  async go(): Promise<LoadPart> {
    const { state, plan, connections } = this;
    const loopBefore = performance.eventLoopUtilization();
    const cpuBefore = cpuMs();
    const startMs = performance.now();
    state.startMs = startMs;
    state.isStarted = true;
    const timer = Number.isFinite(plan.durationMs)
      ? setTimeout(() => this.end(), plan.durationMs)
      : undefined;
    const silence = this.silenceWatch();
    if (plan.ratePerSec > 0) pacerStart(state, connections);
    else for (const connection of connections) connectionSend(connection, performance.now());
    endLook(state); // the server may have hung up before anything was sent
    await this.over;
    const elapsedMs = performance.now() - startMs;
    clearTimeout(timer);
    clearInterval(silence);
    state.isEnding = true;
    this.close();
    const cpu = cpuMs();
    return {
      elapsedMs,
      busyShare: performance.eventLoopUtilization(loopBefore).utilization,
      cpuMs: cpu === null || cpuBefore === null ? null : cpu - cpuBefore,
      problems: [...this.problems],
      fellSilent: this.fellSilent,
    };
  }

  end(): void {
    this.state.isEnding = true;
    endLook(this.state);
  }

  close(): void {
    this.state.isEnding = true;
    for (const connection of this.connections) connection.close();
  }

  /** Ends when requests are under way and no reply has come for too long. */
  private silenceWatch(): NodeJS.Timeout {
    const { state, plan } = this;
    let seen = 0;
    let seenMs = performance.now();
    const look = (): void => {
      const count = repliesCount(state.tally);
      const nowMs = performance.now();
      if (count !== seen || state.inFlightCount === 0) {
        seen = count;
        seenMs = nowMs;
      } else if (nowMs - seenMs > plan.silenceMsMax) {
        this.fellSilent = true;
        this.close();
        state.ended();
      }
    };
    return setInterval(look, Math.min(SILENCE_LOOK_MS, plan.silenceMsMax));
  }

  private problemNote(problem: string): void {
    const { problems } = this;
    const isKept = problems.has(problem) || problems.size < PROBLEMS_MAX;
    const text = isKept ? problem : 'other problems';
    problems.set(text, (problems.get(text) ?? 0) + 1);
  }
}

function dialectMake(plan: LoadShare): Dialect {
  const values = new KeyValues(plan);
  if (plan.target.protocol === 'resp') return new RespDialect(plan, values);
  if (plan.target.protocol === 'binary') return new BinaryDialect(plan, values);
  return new LineDialect(plan, values);
}

/** A function that draws a kind of request, each as often as its weight says. */
function kindDrawer(kinds: readonly LoadKind[], random: Random): () => number {
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const last = kinds.length - 1;
  if (last === 0) return () => 0;
  const [{ weight }] = kinds;
  if (last === 1) return () => (randomUnit(random) * total < weight ? 0 : 1);
  return () => {
    let point = randomBelow(random, total);
    let kind = 0;
    while (kind < last && point >= kinds[kind].weight) point -= kinds[kind++].weight;
    return kind;
  };
}

function repliesCount({ words, kindCount }: Tally): number {
  let count = 0;
  for (let kind = 0; kind < kindCount; kind++) count += words[kindBase(kind) + KIND.operationCount];
  return count;
}

/** Younger Nodes tell what a single thread has used. */
function cpuMs(): number | null {
  if (typeof process.threadCpuUsage !== 'function') return null;
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
