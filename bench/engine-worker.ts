/**
 * A thread of the engine bench. It runs the tasks it is posted on the shared partitions, as a data
 * thread would between its socket's read and write: key, lock, read or store, copy, unlock.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { keyFill } from '../src/base/key.ts';
import { type Keyspace, keyspaceAttach } from '../src/engine/keyspace.ts';
import { Operation } from '../src/engine/operation.ts';
import { STATUS } from '../src/engine/status.ts';
import { valueStore } from '../src/engine/types/chained.ts';
import { itemRead, STORE } from '../src/engine/types/string.ts';
import type { ArenaHandles } from '../src/memory/arena.ts';
import { itemValueCopy } from '../src/memory/chain.ts';
import { partitionLock, partitionUnlock } from '../src/memory/partition.ts';

export interface EngineStart {
  readonly handles: ArenaHandles;
  readonly threadIndex: number;
  readonly valueBytes: number;
  /** All keys have one length, and lie one behind the other. */
  readonly keyBytes: number;
  /** Every key once: what fills the keyspace. */
  readonly keys: SharedArrayBuffer;
  /** Keys drawn at random; reading them in order spares the bench cache misses of its own. */
  readonly requests: SharedArrayBuffer;
  /** One Int32: threads that have come to the start of the task. */
  readonly gate: SharedArrayBuffer;
}

export interface EngineTask {
  readonly threadCount: number;
  readonly getWeight: number;
  readonly setWeight: number;
  /** All threads at one key. */
  readonly isOneKey: boolean;
  /** Time to work; null: sets every key once. */
  readonly durationMs: number | null;
}

export interface EngineResult {
  readonly operationCount: number;
  readonly elapsedMs: number;
  /** CPU time of this thread. */
  readonly cpuMs: number;
  readonly missCount: number;
  readonly refusedCount: number;
}

/** Operations between two looks at the clock. */
const BATCH_COUNT = 512;

/** Keys, and where in them the thread is. */
interface Walk {
  readonly keys: Buffer;
  readonly stepBytes: number;
  at: number;
}

class EngineThread {
  private readonly start: EngineStart;
  private readonly keyspace: Keyspace;
  private readonly op: Operation;
  private readonly out: Buffer;
  private readonly gate: Int32Array;
  private turn = 0;
  private missCount = 0;
  private refusedCount = 0;

  constructor(start: EngineStart) {
    this.start = start;
    this.keyspace = keyspaceAttach(start.handles, start.threadIndex + 2);
    this.op = new Operation(Buffer.alloc(start.valueBytes, 'value'));
    this.op.valueBytes = start.valueBytes;
    this.out = Buffer.alloc(start.valueBytes);
    this.gate = new Int32Array(start.gate);
  }

  run(task: EngineTask): EngineResult {
    const walk = this.walkStart(task);
    const { keyBytes } = this.start;
    this.turn = 0;
    this.missCount = 0;
    this.refusedCount = 0;
    Atomics.add(this.gate, 0, 1);
    while (Atomics.load(this.gate, 0) < task.threadCount); // so that all start at once
    const startMs = performance.now();
    const cpuBefore = process.threadCpuUsage();
    const fillCount = walk.keys.length / keyBytes;
    let operationCount = 0;
    let elapsedMs = 0;
    while (task.durationMs === null ? operationCount < fillCount : elapsedMs < task.durationMs) {
      this.batchRun(walk, task.getWeight, task.setWeight);
      operationCount += BATCH_COUNT;
      elapsedMs = performance.now() - startMs;
    }
    const cpu = process.threadCpuUsage(cpuBefore);
    const { missCount, refusedCount } = this;
    const cpuMs = (cpu.user + cpu.system) / 1000;
    return { operationCount, elapsedMs, cpuMs, missCount, refusedCount };
  }

  private walkStart(task: EngineTask): Walk {
    const { keyBytes, threadIndex } = this.start;
    const keys = Buffer.from(task.durationMs === null ? this.start.keys : this.start.requests);
    if (task.isOneKey) return { keys, stepBytes: 0, at: 0 };
    const first = Math.floor((keys.length / keyBytes) * (threadIndex / task.threadCount));
    return { keys, stepBytes: keyBytes, at: first * keyBytes };
  }

  private batchRun(walk: Walk, getWeight: number, setWeight: number): void {
    const { op, keyspace, out } = this;
    const { keyBytes } = this.start;
    const { keys, stepBytes } = walk;
    op.nowMs = Date.now();
    op.nowSec = Math.floor(op.nowMs / 1000);
    for (let n = 0; n < BATCH_COUNT; n++) {
      keyFill(op.key, keys, walk.at, keyBytes);
      walk.at = walk.at + stepBytes === keys.length ? 0 : walk.at + stepBytes;
      const p = keyspace.partitionAsked(op.key);
      partitionLock(p);
      if (this.turn < getWeight) {
        const ref = itemRead(p, op);
        if (ref === 0) this.missCount++;
        else itemValueCopy(p, ref, out, 0);
      } else if (valueStore(p, op, STORE.SET) !== STATUS.OK) this.refusedCount++;
      partitionUnlock(p);
      this.turn = this.turn + 1 === getWeight + setWeight ? 0 : this.turn + 1;
    }
  }
}

const thread = new EngineThread(workerData as EngineStart);
parentPort?.on('message', (task: EngineTask) => parentPort?.postMessage(thread.run(task)));
