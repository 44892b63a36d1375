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
const NOT_DONE = 'a data thread is at it and is not done yet';

export class Operations {
  private readonly workerOf: (thread: number) => Worker | null;
  private readonly threadCount: number;
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
    const id = ++this.lastId;
    const claim = new Int32Array(new SharedArrayBuffer(4));
    return new Promise((resolve) => {
      const settle = (operated: Operated | null): void => {
        clearTimeout(timer);
        worker.off('message', heard);
        worker.off('exit', died);
        resolve(operated);
      };
      const heard = (message: DataThreadMessage): void => {
        if (message.kind === 'operated' && message.id === id) settle(message.operated);
      };
      const died = (): void => withdraw();
      const withdraw = (): void => {
        if (Atomics.compareExchange(claim, 0, 0, CLAIM.WITHDRAWN) === 0) settle(null);
        else settle({ kind: 'outcome', isDone: false, text: NOT_DONE });
      };
      const waitMore = (): void => {
        if (Atomics.load(claim, 0) !== CLAIM.BEGUN) withdraw();
        else timer = setTimeout(withdraw, DONE_MS_MAX);
      };
      let timer = setTimeout(waitMore, BEGIN_MS_MAX);
      worker.on('message', heard);
      worker.once('exit', died);
      const command: DataThreadCommand = { kind: 'operate', id, operation, claim };
      worker.postMessage(command);
    });
  }
}
