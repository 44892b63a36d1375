/**
 * The main thread's end of what an operator asks for (net/operation.ts): asks a data thread, and another one when
 * that hangs. Whether a thread has begun is told by the claim, so nothing is done twice.
 */
import type { Worker } from 'node:worker_threads';
import type { DataThreadCommand, DataThreadMessage } from './net/data-thread.ts';
import { CLAIM, type Operated, type Operation } from './net/operation.ts';

/** How long a thread may take until it begins; and, when it has begun, until it is done. */
const BEGIN_MS_MAX = 500;
const DONE_MS_MAX = 3000;
/** Threads that are asked, so that the operator has an answer in time. */
const THREADS_MAX = 4;

const NOBODY = 'no data thread answers: nothing was done';
const NOT_DONE = 'a data thread has begun, and has not said that it is done';

/** What a worker was asked for and has not answered. */
type Waiting = {
  readonly worker: Worker;
  readonly settle: (operated: Operated | null) => void;
  readonly giveUp: () => void;
};

export class Operations {
  private readonly workerOf: (thread: number) => Worker | null;
  private readonly threadCount: number;
  private readonly waiting = new Map<number, Waiting>();
  private readonly heard = new WeakSet<Worker>();
  private lastId = 0;
  /** The thread whose turn it is to be asked. */
  private next = 0;

  constructor(workerOf: (thread: number) => Worker | null, threadCount: number) {
    this.workerOf = workerOf;
    this.threadCount = threadCount;
  }

  /** `thread`: the only one that can do it; null: any. */
  async run(operation: Operation, thread: number | null): Promise<Operated> {
    for (const asked of thread === null ? this.turn() : [thread]) {
      const worker = this.workerOf(asked);
      const operated = worker === null ? null : await this.ask(worker, operation);
      if (operated !== null) return operated;
    }
    return { kind: 'outcome', isDone: false, text: NOBODY };
  }

  private turn(): number[] {
    this.next = (this.next + 1) % this.threadCount;
    const count = Math.min(this.threadCount, THREADS_MAX);
    return Array.from({ length: count }, (_, step) => (this.next + step) % this.threadCount);
  }

  /** Null: the thread has not begun, and will not. */
  private ask(worker: Worker, operation: Operation): Promise<Operated | null> {
    this.listen(worker);
    const id = ++this.lastId;
    const claim = new Int32Array(new SharedArrayBuffer(4));
    return new Promise((resolve) => {
      const settle = (operated: Operated | null): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve(operated);
      };
      const giveUp = (): void => {
        const isTakenBack = Atomics.compareExchange(claim, 0, 0, CLAIM.WITHDRAWN) === 0;
        settle(isTakenBack ? null : { kind: 'outcome', isDone: false, text: NOT_DONE });
      };
      const waitMore = (): void => {
        if (Atomics.load(claim, 0) !== CLAIM.BEGUN) giveUp();
        else timer = setTimeout(giveUp, DONE_MS_MAX);
      };
      let timer = setTimeout(waitMore, BEGIN_MS_MAX);
      this.waiting.set(id, { worker, settle, giveUp });
      const command: DataThreadCommand = { kind: 'operate', id, operation, claim };
      worker.postMessage(command);
    });
  }

  /** Once for each worker, however much is asked of it. */
  private listen(worker: Worker): void {
    if (this.heard.has(worker)) return;
    this.heard.add(worker);
    worker.on('message', (message: DataThreadMessage) => {
      if (message.kind === 'operated') this.waiting.get(message.id)?.settle(message.operated);
    });
    worker.once('exit', () => {
      for (const one of [...this.waiting.values()]) if (one.worker === worker) one.giveUp();
    });
  }
}
