/** The rings of events: order, loss, and a writer that comes by while one reads. */
import { describe, expect, it } from 'vitest';
import { CONTROL, COUNTER, Control, controlBytes, counterBlock } from '../../src/memory/control.ts';
import {
  EVENT,
  EventLog,
  EventReader,
  EventRings,
  eventKindsRead,
  eventRingsBytes,
  eventWrite,
} from '../../src/memory/event-log.ts';

const RING_BYTES = 4096;
const RING_HEADER_WORDS = 16;
/** A key of so many bytes makes a record of 16 words. */
const KEY_BYTES = 12;

function make(count = 1): { rings: EventRings; control: Control; logs: EventLog[] } {
  const rings = new EventRings(new SharedArrayBuffer(eventRingsBytes(RING_BYTES, count)), count);
  const control = new Control(new SharedArrayBuffer(controlBytes(1)));
  const logs = Array.from(
    { length: count },
    (_, index) => new EventLog(rings, index, control, counterBlock(index)),
  );
  return { rings, control, logs };
}

function write(log: EventLog, text: string, numbers: readonly number[] = []): void {
  const source = Buffer.from(`--${text}`, 'latin1');
  eventWrite(log, EVENT.LOOKUP, numbers, source, 2, text.length);
}

function texts(reader: EventReader): string[] {
  return reader.read().map(({ text }) => text);
}

describe('a ring of events', () => {
  it('gives a reader what was written since it came, with all that was said', () => {
    const { rings, control, logs } = make();
    const [log] = logs;
    write(log, 'before');
    const reader = new EventReader(rings, 0);
    expect(reader.read()).toEqual([]);
    log.connection = 7;
    const fromSec = Math.floor(Date.now() / 1000) - 1;
    write(log, 'k\xff', [1, -2, 3]);
    write(log, '');
    const events = reader.read();
    expect(events).toMatchObject([
      { ordinal: 1, kind: EVENT.LOOKUP, connection: 7, numbers: [1, -2, 3, 0, 0], text: 'k\xff' },
      { ordinal: 2, numbers: [0, 0, 0, 0, 0], text: '' },
    ]);
    expect(events[0].sec).toBeGreaterThanOrEqual(fromSec);
    expect(events[0].usec).toBeLessThan(1_000_000);
    expect(control.f64[counterBlock(0) + COUNTER.eventsWritten]).toBe(3);
    expect(reader.read()).toEqual([]);
  });

  it('gives a reader that keeps up everything, over many rounds and lengths', () => {
    const { rings, logs } = make();
    const reader = new EventReader(rings, 0);
    for (let n = 0; n < 5000; n++) {
      const written = ['x'.repeat(n % 251), `${n}`];
      for (const text of written) write(logs[0], text);
      expect(texts(reader)).toEqual(written);
    }
    expect(reader.lostCount).toBe(0);
  });

  it('tells a reader that falls behind how much it missed, and gives it the rest', () => {
    const { rings, logs } = make();
    const reader = new EventReader(rings, 0);
    write(logs[0], 'first');
    expect(texts(reader)).toEqual(['first']);
    const count = 500;
    for (let n = 0; n < count; n++) write(logs[0], `${n}`.padStart(KEY_BYTES, '0'));
    const late = texts(reader);
    expect(late.length).toBeGreaterThan(0);
    expect(late.at(-1)).toBe(`${count - 1}`.padStart(KEY_BYTES, '0'));
    expect(late.length + reader.lostCount).toBe(count);
  });

  it('is not believed where the writer came by meanwhile', () => {
    const { rings, logs } = make();
    const reader = new EventReader(rings, 0);
    write(logs[0], 'torn');
    Atomics.store(rings.words, rings.ringStart(0), rings.ringWords + 100); // what is reserved
    expect(reader.read()).toEqual([]);
    write(logs[0], 'whole');
    expect(texts(reader)).toEqual(['whole']);
  });

  it('goes on where a thread that died left it, over the wrap of its positions', () => {
    const { rings, control, logs } = make();
    const start = rings.ringStart(0);
    // Just before 2^31 and before 2^32 words were written.
    for (const position of [0x7fffffff & ~(rings.ringWords - 1), -rings.ringWords]) {
      rings.words[start] = position;
      rings.words[start + 1] = position;
      const reader = new EventReader(rings, 0);
      const heir = new EventLog(rings, 0, control, counterBlock(0));
      for (let n = 0; n < 3 * (rings.ringWords / 16); n++) {
        write(heir, 'a'.repeat(KEY_BYTES));
        expect(texts(reader)).toEqual(['a'.repeat(KEY_BYTES)]);
      }
      expect(reader.lostCount).toBe(0);
    }
    expect(logs[0].start).toBe(start);
    expect(rings.words.length).toBe(rings.ringWords + RING_HEADER_WORDS);
  });

  it('of one thread among others is in order with theirs', () => {
    const { rings, logs } = make(3);
    const readers = [0, 1, 2].map((index) => new EventReader(rings, index));
    for (const index of [2, 0, 1, 1, 2]) write(logs[index], `${index}`);
    const all = readers.flatMap((reader) => reader.read());
    expect(all.toSorted((a, b) => a.ordinal - b.ordinal).map(({ text }) => text)).toEqual([
      '2',
      '0',
      '1',
      '1',
      '2',
    ]);
  });

  it('is written only for the kinds that are watched, as of the batch', () => {
    const { control, logs } = make();
    control.i32[CONTROL.watchedKinds] = EVENT.STORE | EVENT.EVICT;
    expect(logs[0].kinds).toBe(0);
    eventKindsRead(logs[0]);
    expect(logs[0].kinds).toBe(EVENT.STORE | EVENT.EVICT);
  });
});
