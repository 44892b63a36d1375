/**
 * The watchers among a thread's connections. While there are any, the thread empties the event rings of
 * all threads every few milliseconds, puts what it finds in order, and makes lines of it. A watcher that
 * does not read has so many bytes of lines kept for it (watcher_logbuf_size); beyond that they are
 * skipped, and it is told how many, as it is of events that a ring lost.
 *
 * Guard: all of it belongs to one thread, but for the words of the control block that say what is watched.
 */
import { CONTROL, COUNTER, GAUGE, gaugeSum, gaugesOr } from '../../memory/control.ts';
import { EventReader, type LoggedEvent } from '../../memory/event-log.ts';
import { REPLY_BYTES_MAX, replyRoom } from '../../protocol/reply.ts';
import type { Call } from './call.ts';
import { PHASE, type Session, waitAt } from './session.ts';
import { eventLine } from './watch-lines.ts';

const TICK_MS = 20;
/** As memcached has it. */
const WATCHER_COUNT_MAX = 20;
/** Room that a line needs besides its own, for the word that some were skipped. */
const SKIPPED_LINE_BYTES = 128;

type Watcher = {
  readonly session: Session;
  readonly kinds: number;
  /** Ordinal of the first event that is its business. */
  readonly first: number;
  /** Lines to be sent: those under way, and behind them those that came since. */
  sending: Buffer;
  lines: string;
  skippedCount: number;
};

export class Watchers {
  private readonly call: Call;
  private watchers: Watcher[] = [];
  private readers: EventReader[] = [];
  private lostCount = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(call: Call) {
    this.call = call;
    this.publish(); // the thread may take the place of one that died watching
  }

  /** Makes the session a watcher of these kinds of events. False: there are too many watchers. */
  add(session: Session, kinds: number): boolean {
    const { call } = this;
    const { control, events } = call.keyspace;
    if (gaugeSum(control, GAUGE.watcherCount) >= WATCHER_COUNT_MAX) return false;
    if (this.watchers.length === 0) {
      this.readers = Array.from(
        { length: events.count },
        (_, ring) => new EventReader(events, ring),
      );
      this.lostCount = 0;
      this.timer = setInterval(() => this.tick(), TICK_MS);
    }
    const first = Atomics.load(control.i32, CONTROL.eventOrdinal);
    const watcher: Watcher = {
      session,
      kinds,
      first,
      sending: Buffer.alloc(0),
      lines: '',
      skippedCount: 0,
    };
    this.watchers.push(watcher);
    this.publish();
    session.phase = PHASE.WATCH;
    session.resume = (resumed) => linesSend(resumed, watcher);
    return true;
  }

  /** Passes on what has happened since the last time. */
  tick(): void {
    const { call } = this;
    const { counters, block } = call;
    this.watchers = this.watchers.filter(({ session }) => session.phase === PHASE.WATCH);
    this.publish();
    if (this.watchers.length === 0) {
      clearInterval(this.timer ?? undefined);
      return;
    }
    const events = this.readers.flatMap((reader) => reader.read());
    events.sort((a, b) => (a.ordinal - b.ordinal) | 0);
    const lostCount = this.readers.reduce((sum, reader) => sum + reader.lostCount, 0);
    counters[block + COUNTER.eventsLost] += lostCount - this.lostCount;
    for (const watcher of this.watchers) watcher.skippedCount += lostCount - this.lostCount;
    this.lostCount = lostCount;
    for (const event of events) this.eventPass(event);
    for (const { session, lines } of this.watchers) if (lines !== '') session.holder.wake();
  }

  private eventPass(event: LoggedEvent): void {
    const { counters, block, server } = this.call;
    let line = '';
    for (const watcher of this.watchers) {
      if ((watcher.kinds & event.kind) === 0 || ((event.ordinal - watcher.first) | 0) < 0) continue;
      if (line === '') line = eventLine(event);
      const keptBytes = watcher.sending.length + watcher.lines.length;
      if (keptBytes + line.length + SKIPPED_LINE_BYTES > server.config.watcherLogBytes) {
        watcher.skippedCount++;
        counters[block + COUNTER.eventLinesSkipped]++;
        continue;
      }
      if (watcher.skippedCount > 0) watcher.lines += `skipped=${watcher.skippedCount}\n`;
      watcher.skippedCount = 0;
      watcher.lines += line;
      counters[block + COUNTER.eventLinesSent]++;
    }
  }

  /** Says what this thread's connections watch, and with it what all do. */
  private publish(): void {
    const { counters, block, keyspace } = this.call;
    counters[block + GAUGE.watcherCount] = this.watchers.length;
    counters[block + GAUGE.watchedKinds] = this.watchers.reduce((sum, { kinds }) => sum | kinds, 0);
    const kinds = gaugesOr(keyspace.control, GAUGE.watchedKinds);
    Atomics.store(keyspace.control.i32, CONTROL.watchedKinds, kinds);
  }
}

/** Sends what is kept for the watcher, as far as it reads. */
function linesSend(call: Call, watcher: Watcher): number {
  const { reply } = call;
  for (;;) {
    if (watcher.sending.length === 0) {
      if (watcher.lines === '') break;
      watcher.sending = Buffer.from(watcher.lines, 'latin1');
      watcher.lines = '';
    }
    if (reply.isBlocked || (reply.used === REPLY_BYTES_MAX && !replyRoom(reply, 1))) break;
    const copied = watcher.sending.copy(reply.bytes, reply.used);
    reply.used += copied;
    watcher.sending = watcher.sending.subarray(copied);
  }
  return waitAt(call.end);
}
