/**
 * The bulletin: how threads tell each other what all must know before they run another command: that a setting
 * has changed, who is subscribed to what, who waits for a key.
 *
 * All data threads hear one BroadcastChannel. A notice is posted first, and the epoch in the control block
 * goes up after it. A thread compares the epoch at the start of each batch, and if it is behind takes
 * the notices from the channel at once, without waiting for its event loop (receiveMessageOnPort). So
 * whatever was posted before a reply left is known to every request that comes after that reply, on
 * any thread. Notices of one thread come in the order in which it posted them.
 *
 * A thread that starts has to learn what the others have told each other before. Each thread answers for itself
 * alone: its answer then stands in one order with its notices, and no news can be overtaken by an older
 * account of the same.
 *
 *   starts:  opens the channel ─▶ reads who has joined ─▶ is joined ─▶ posts `join` ─▶ waits for all of those
 *   others:                                                    on `join`: post `account`, what they have told so far
 *   dies:    the supervisor strikes it from those who have joined, and posts `gone`: all forget what it told
 */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import {
  CONTROL,
  type Control,
  counterBlock,
  GAUGE,
  THREAD_COUNT_MAX,
} from '../../memory/control.ts';

const JOINED_WORDS = THREAD_COUNT_MAX / 32;
const WAITING_BYTES_MAX = 16 << 20;
const AWAIT_MS_MAX = 20;

/** A notice; `kind` says who is concerned. The rest is structured-cloneable. */
export type Notice = { readonly kind: string } & Readonly<Record<string, unknown>>;

export type NoticeHandler = (notice: Notice) => void;

/** What one part of a thread has told the others, and has been told by them. */
export interface Account {
  /** Everything that a thread which joins has to know of this one; structured-cloneable. */
  tell(): unknown;
  /** What `tell` of another thread has returned. */
  hear(thread: number, told: unknown): void;
  /** The thread is gone, and with it whatever it told. */
  forget(thread: number): void;
}

export class Bulletin {
  readonly threadIndex: number;
  private readonly control: Control;
  private readonly channel: BroadcastChannel;
  /** There is no other data thread: nobody would hear. */
  private readonly isAlone: boolean;
  private readonly handlers = new Map<string, NoticeHandler>();
  private readonly accounts = new Map<string, Account>();
  /** Threads whose accounts this one waits for. */
  private readonly awaited = new Set<number>();
  private joined: (() => void) | null = null;
  /** This thread knows what all others know. */
  hasJoined = false;
  private seen = 0;

  /** `name` is that of the server within its process. */
  constructor(control: Control, name: string, threadIndex: number, isAlone: boolean) {
    this.control = control;
    this.threadIndex = threadIndex;
    this.isAlone = isAlone;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = (event: unknown) => {
      // Node's own type for the event is that of browsers, which it does not import.
      this.handle((event as { readonly data: Notice }).data);
    };
    this.channel.unref();
    this.on('join', (notice) => this.answer(notice['thread'] as number));
    this.on('account', (notice) => this.hear(notice));
    this.on('gone', (notice) => this.forget(notice['thread'] as number));
  }

  /** Registers who handles notices of a kind that other threads post. */
  on(kind: string, handler: NoticeHandler): void {
    this.handlers.set(kind, handler);
  }

  /** Registers what threads that start have to be told, and who forgets what dead ones have told. */
  share(name: string, account: Account): void {
    this.accounts.set(name, account);
  }

  /** Tells all other threads. */
  post(notice: Notice): void {
    if (this.isAlone) return;
    this.channel.postMessage(notice);
    Atomics.add(this.control.i32, CONTROL.bulletinEpoch, 1);
  }

  /**
   * As post, for what clients may send as fast as they like: its bytes count as waiting at each other thread
   * until that has handled it.
   */
  postWeighed(notice: Notice, bytes: number): void {
    if (this.isAlone) return;
    const threads = this.others();
    for (const thread of threads) Atomics.add(this.control.i32, waitingWord(thread), bytes);
    this.post({ ...notice, waiting: { bytes, threads } });
  }

  /** Whether so much waits at another thread that those who send it should wait too. */
  get isCrowded(): boolean {
    const { i32 } = this.control;
    return this.others().some(
      (thread) => Atomics.load(i32, waitingWord(thread)) > WAITING_BYTES_MAX,
    );
  }

  /**
   * Waits until the other threads have handled what was posted with a weight; for a moment at most, since one of
   * them may be at a long command. For what clients hardly ever do, and then look for on any thread.
   */
  othersAwait(): void {
    const { i32 } = this.control;
    let steps = AWAIT_MS_MAX;
    for (const thread of this.others()) {
      const word = waitingWord(thread);
      for (;;) {
        const waiting = Atomics.load(i32, word);
        if (waiting <= 0 || steps-- <= 0) break;
        Atomics.wait(i32, word, waiting, 1);
      }
    }
  }

  /** Whether there are notices that this thread has not handled. */
  get isBehind(): boolean {
    return Atomics.load(this.control.i32, CONTROL.bulletinEpoch) !== this.seen;
  }

  /** Handles all notices that were posted before now. No lock of a partition is held: what is heard may take some. */
  catchUp(): void {
    const epoch = Atomics.load(this.control.i32, CONTROL.bulletinEpoch);
    if (epoch === this.seen) return;
    this.seen = epoch;
    for (;;) {
      // Node takes channels here as well as ports; its types know of ports alone.
      const received = receiveMessageOnPort(this.channel as unknown as MessagePort);
      if (received === undefined) return;
      this.handle(received.message as Notice);
    }
  }

  /** Resolves when this thread knows what all others know. Everything has been registered before. */
  async join(): Promise<void> {
    const { control, threadIndex, awaited } = this;
    for (const thread of this.others()) awaited.add(thread);
    Atomics.store(control.i32, waitingWord(threadIndex), 0);
    // One that joins meanwhile hears the notice that follows, or finds this thread among those that have joined.
    Atomics.or(control.i32, joinedWord(threadIndex), joinedBit(threadIndex));
    this.post({ kind: 'join', thread: threadIndex });
    if (awaited.size > 0) {
      await new Promise<void>((resolve) => {
        this.joined = resolve;
      });
    }
    this.hasJoined = true;
  }

  /** Hears no more. */
  close(): void {
    this.channel.close();
  }

  /** The threads that have joined, but for this one. */
  private others(): number[] {
    const threads: number[] = [];
    for (let word = 0; word < JOINED_WORDS; word++) {
      let bits = Atomics.load(this.control.i32, CONTROL.joinedThreads + word);
      for (; bits !== 0; bits &= bits - 1) threads.push(word * 32 + 31 - Math.clz32(bits & -bits));
    }
    return threads.filter((thread) => thread !== this.threadIndex);
  }

  private handle(notice: Notice): void {
    const { waiting } = notice as { waiting?: { bytes: number; threads: readonly number[] } };
    this.handlers.get(notice.kind)?.(notice);
    if (waiting?.threads.includes(this.threadIndex)) {
      Atomics.sub(this.control.i32, waitingWord(this.threadIndex), waiting.bytes);
    }
  }

  private answer(to: number): void {
    const told = [...this.accounts].map(([name, account]) => [name, account.tell()]);
    this.post({ kind: 'account', to, thread: this.threadIndex, told });
  }

  private hear(notice: Notice): void {
    const { to, thread, told } = notice as unknown as {
      readonly to: number;
      readonly thread: number;
      readonly told: readonly (readonly [name: string, told: unknown])[];
    };
    if (to !== this.threadIndex) return;
    for (const [name, one] of told) this.accounts.get(name)?.hear(thread, one);
    this.answered(thread);
  }

  private forget(thread: number): void {
    for (const account of this.accounts.values()) account.forget(thread);
    this.answered(thread);
  }

  private answered(thread: number): void {
    this.awaited.delete(thread);
    if (this.awaited.size === 0) this.joined?.();
  }
}

/** A notice from a thread that does not listen itself: the main thread. */
export function bulletinPost(control: Control, name: string, notices: readonly Notice[]): void {
  const channel = new BroadcastChannel(name);
  for (const notice of notices) channel.postMessage(notice);
  channel.close();
  Atomics.add(control.i32, CONTROL.bulletinEpoch, 1);
}

/** A data thread is dead: nobody waits for it any more, and all forget what it told. */
export function bulletinStrike(control: Control, name: string, thread: number): void {
  Atomics.and(control.i32, joinedWord(thread), ~joinedBit(thread));
  bulletinPost(control, name, [{ kind: 'gone', thread }]);
}

/** i32 index of a thread's GAUGE.noticeBytesWaiting, of which the first word alone is used. */
function waitingWord(thread: number): number {
  return (counterBlock(thread) + GAUGE.noticeBytesWaiting) * 2;
}

function joinedWord(thread: number): number {
  return CONTROL.joinedThreads + (thread >>> 5);
}

function joinedBit(thread: number): number {
  return 1 << (thread & 31);
}
