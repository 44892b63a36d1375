/** A thread that hammers a few keys of a shared keyspace in every way, and says what it did. */
import { parentPort, workerData } from 'node:worker_threads';
import { keyspaceAttach } from '../../src/engine/keyspace.ts';
import { STATUS } from '../../src/engine/status.ts';
import {
  chainAbandon,
  chainCommit,
  chainStart,
  chainWrite,
  cursorStart,
  ValueCursor,
  valueHold,
  valuePiece,
  valueRelease,
} from '../../src/engine/types/chained.ts';
import { itemRead, STORE } from '../../src/engine/types/string.ts';
import { itemIsChained, itemValueBytes } from '../../src/memory/item.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../src/memory/partition.ts';
import { Client, type Entry, itemEntry } from '../engine/client.ts';
import * as plan from './hammer-plan.ts';

const BIG_BYTES_MAX = 60_000;
const SMALL_BYTES_MAX = 600;
const PIECE_BYTES = 9000;
const FAR_MS = 3_600_000;

class Hammer {
  readonly client = new Client();
  private readonly keyspace;
  private readonly start: plan.HammerStart;
  private state: number;
  private readonly cursor = new ValueCursor();
  private readonly piece = Buffer.alloc(PIECE_BYTES);
  readonly report: plan.HammerReport;

  constructor(start: plan.HammerStart) {
    this.start = start;
    this.keyspace = keyspaceAttach(start.handles, start.index + 2);
    this.state = (start.index + 1) * 0x9e3779b1;
    this.report = {
      index: start.index,
      added: plan.COUNTERS.map(() => 0),
      swaps: plan.CAS_KEYS.map(() => 0),
      logged: 0,
      tokens: plan.TOKENS.map(() => 0),
      read: 0,
      problems: [],
    };
  }

  run(): plan.HammerReport {
    const report = this.report as {
      -readonly [K in keyof plan.HammerReport]: plan.HammerReport[K];
    };
    for (let n = 0; n < this.start.operations; n++) {
      const dice = this.random(100);
      if (dice < 30) this.counterAdd();
      else if (dice < 45) this.swap();
      else if (dice < 55) report.logged += this.log(report.logged);
      else if (dice < 65) this.token();
      else if (dice < 80) this.smallStore();
      else if (dice < 84) this.bigStore();
      else if (dice < 88) this.bigReceive();
      else if (dice < 92) report.read += this.bigRead();
      else report.read += this.smallRead();
    }
    return this.report;
  }

  /** Less than `end`. */
  private random(end: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0;
    return (this.state >>> 8) % end;
  }

  private pick(keys: readonly string[]): string {
    return keys[this.random(keys.length)];
  }

  private lockFor(key: string): Partition {
    const p = this.keyspace.partitionFor(this.client.keySet(key));
    partitionLock(p);
    return p;
  }

  private problem(text: string): void {
    if (this.report.problems.length < 10) this.report.problems.push(text);
  }

  private counterAdd(): void {
    const which = this.random(plan.COUNTERS.length);
    const delta = this.random(9) + 1;
    const p = this.lockFor(plan.COUNTERS[which]);
    const result = this.client.add(p, plan.COUNTERS[which], String(delta), true);
    partitionUnlock(p);
    if (typeof result === 'string') this.report.added[which] += delta;
    else if (!this.start.isTight) this.problem(`incr: status ${result}`);
  }

  /** Reads a number, lets others at it, and stores its successor if it is still the same. */
  private swap(): void {
    const which = this.random(plan.CAS_KEYS.length);
    const key = plan.CAS_KEYS[which];
    const seen = this.entry(key);
    if (seen === null) return;
    const p = this.lockFor(key);
    const next = String(Number(seen.value) + 1).padEnd(this.random(200));
    const status = this.client.store(p, STORE.CAS, key, next, { casUnique: seen.casUnique });
    partitionUnlock(p);
    if (status === STATUS.OK) this.report.swaps[which]++;
    else if (status !== STATUS.EXISTS && !this.start.isTight) this.problem(`cas: status ${status}`);
  }

  private entry(key: string): Entry | null {
    const p = this.lockFor(key);
    const entry = this.client.get(p, key);
    partitionUnlock(p);
    return entry;
  }

  private log(sequence: number): number {
    if (sequence >= plan.LOG_RECORDS_MAX) return 0;
    const p = this.lockFor(plan.LOG_KEY);
    const record = plan.logRecord(this.start.index, sequence);
    const status = this.client.store(p, STORE.APPEND, plan.LOG_KEY, record);
    partitionUnlock(p);
    if (status !== STATUS.OK && !this.start.isTight) this.problem(`append: status ${status}`);
    return status === STATUS.OK ? 1 : 0;
  }

  private token(): void {
    const which = this.random(plan.TOKENS.length);
    const key = plan.TOKENS[which];
    const p = this.lockFor(key);
    if (this.random(2) === 0) {
      if (this.client.store(p, STORE.ADD, key, 'here') === STATUS.OK) this.report.tokens[which]++;
    } else if (this.client.delete(p, key) === STATUS.OK) this.report.tokens[which]--;
    partitionUnlock(p);
  }

  private smallStore(): void {
    const key = this.pick(plan.SMALL_KEYS);
    const value = plan.valueSealed(this.random(SMALL_BYTES_MAX), this.random(0xffffff));
    const p = this.lockFor(key);
    const expiresAtMs = this.random(2) * (this.client.op.nowMs + FAR_MS);
    const dice = this.random(8);
    if (dice === 0) this.client.delete(p, key);
    else if (dice === 1) this.client.touch(p, key, this.client.op.nowMs + FAR_MS);
    else this.client.set(p, key, value, { expiresAtMs, clientFlags: this.random(2) });
    partitionUnlock(p);
  }

  private bigStore(): void {
    const key = this.pick(plan.BIG_KEYS);
    const value = plan.valueSealed(this.random(BIG_BYTES_MAX), this.random(0xffffff));
    const p = this.lockFor(key);
    if (this.random(5) === 0) this.client.delete(p, key);
    else this.client.set(p, key, value);
    partitionUnlock(p);
  }

  /** Receives a value in pieces, a lock each; now and then the client goes away. */
  private bigReceive(): void {
    const key = this.pick(plan.BIG_KEYS);
    const value = plan.valueSealed(8200 + this.random(BIG_BYTES_MAX), this.random(0xffffff));
    const { op } = this.client;
    let p = this.lockFor(key);
    this.client.valueSet('');
    const ref = chainStart(p, op, value.length);
    partitionUnlock(p);
    if (ref === 0) return;
    for (let at = 0; at < value.length; at += PIECE_BYTES) {
      partitionLock(p);
      const bytes = Math.min(PIECE_BYTES, value.length - at);
      const written = chainWrite(p, ref, at, value, at, bytes, op.nowMs);
      const isGone = !written || this.random(40) === 0;
      if (isGone) chainAbandon(p, ref);
      partitionUnlock(p);
      if (isGone) return;
    }
    p = this.lockFor(key);
    chainCommit(p, op, STORE.SET, ref);
    partitionUnlock(p);
  }

  /** Sends a value in pieces, a lock each, while others replace and delete it. */
  private bigRead(): number {
    const key = this.pick(plan.BIG_KEYS);
    const p = this.lockFor(key);
    const ref = itemRead(p, this.client.op);
    if (ref === 0 || !itemIsChained(p, ref)) {
      const whole = ref === 0 ? null : itemEntry(p, ref);
      partitionUnlock(p);
      return whole === null ? 0 : this.sealCheck(key, whole.value);
    }
    const value = Buffer.alloc(itemValueBytes(p, ref));
    valueHold(p, ref);
    cursorStart(this.cursor, value.length);
    partitionUnlock(p);
    for (let at = 0; at < value.length; ) {
      partitionLock(p);
      const bytes = valuePiece(p, ref, this.cursor, this.piece, 0, PIECE_BYTES);
      if (this.cursor.leftBytes === 0) valueRelease(p, ref);
      partitionUnlock(p);
      this.piece.copy(value, at, 0, bytes);
      at += bytes;
    }
    return this.sealCheck(key, value);
  }

  private smallRead(): number {
    const key = this.pick(plan.SMALL_KEYS);
    const entry = this.entry(key);
    return entry === null ? 0 : this.sealCheck(key, entry.value);
  }

  private sealCheck(key: string, value: Buffer): number {
    const fault = plan.sealFault(value);
    if (fault !== '') this.problem(`${key}: value ${fault}`);
    return 1;
  }
}

parentPort?.postMessage(new Hammer(workerData as plan.HammerStart).run());
