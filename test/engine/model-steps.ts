/** The steps of the model test: each an operation on the keyspace and the same on the model. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { CHANGE } from '../../src/engine/change-log.ts';
import { databaseFlush } from '../../src/engine/database.ts';
import { expirySweep } from '../../src/engine/expiry.ts';
import { keyspaceFlush, keyspaceFlushAt } from '../../src/engine/keyspace.ts';
import { partitionResize } from '../../src/engine/memory-limit.ts';
import { casDemand, StoreTerms, termsRestore } from '../../src/engine/operation.ts';
import { STATUS, type Status } from '../../src/engine/status.ts';
import {
  chainAbandon,
  chainCommit,
  chainStart,
  chainWrite,
  cursorStart,
  storeFailed,
  ValueCursor,
  valueHold,
  valuePiece,
  valueRelease,
} from '../../src/engine/types/chained.ts';
import { itemEmpty, itemInvalidate } from '../../src/engine/types/stale.ts';
import { itemRead, itemTouch, STORE, type StoreMode } from '../../src/engine/types/string.ts';
import {
  itemIsChained,
  itemMarksAdd,
  MARK_BINARY_KEY,
  MARK_STALE,
  MARK_TOKEN_SENT,
} from '../../src/memory/item.ts';
import { HEADER } from '../../src/memory/partition.ts';
import { itemEntry, uint64Of } from './client.ts';
import { partitionExpectEmpty } from './fixture.ts';
import { KIB } from './limits.ts';
import {
  type Fields,
  fitsChunk,
  type Hold,
  type Reception,
  type Terms,
  type World,
} from './model.ts';

type Step = fc.Command<World, null>;

const CHUNK_BYTES = 8 * KIB;
const IN_FLIGHT_MAX = 3;
/** Room for the longest value twice, the index and the change ring. */
const RESIZED_PAGES_MIN = 20;
const UINT64_MAX = 2n ** 64n - 1n;

function step(name: string, run: (world: World) => void): Step {
  return {
    check: () => true,
    run: (world) => {
      world.begin();
      run(world);
    },
    toString: () => name,
  };
}

/** Bytes that depend on the salt and on their position, and are no digits. */
export function valueMake(bytes: number, salt: number): Buffer {
  const value = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes; at++) value[at] = 0x80 | (Math.imul(at + salt, 0x9e3779b1) >>> 25);
  return value;
}

// ── What the steps are made from ────────────────────────────────────────────────────────────────

const fields: fc.Arbitrary<Fields> = fc.record({
  clientFlags: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(0xffffffff)),
  // Relative to the clock of the step; 0 never.
  expiresAtMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 5000 }) },
    fc.integer({ min: -1000, max: 0 }),
  ),
});

const PLAIN: Terms = { casGiven: null, marks: 0, storesStale: false, createsMissing: false };
const terms: fc.Arbitrary<Terms> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(PLAIN) },
  fc.record({
    casGiven: fc.oneof(
      fc.constant(null),
      fc.bigInt({ min: 0n, max: 9n }),
      fc.bigInt({ min: 0n, max: UINT64_MAX }),
    ),
    marks: fc.constantFrom(0, MARK_BINARY_KEY),
    storesStale: fc.boolean(),
    createsMissing: fc.boolean(),
  }),
);

const sizes = fc.oneof(
  { weight: 4, arbitrary: fc.nat(120) },
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 3000 }) },
  fc.integer({ min: CHUNK_BYTES - 300, max: CHUNK_BYTES }),
  fc.integer({ min: CHUNK_BYTES, max: 5 * CHUNK_BYTES }),
);
const value = fc.tuple(sizes, fc.nat(255)).map(([bytes, salt]) => valueMake(bytes, salt));
const number = fc.oneof(
  fc.nat(100).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  fc.constantFrom('18446744073709551615', '999999999999999', '9', '0', '000009', '99 '),
);
const counterValue = fc.oneof(
  { weight: 6, arbitrary: number },
  fc.constantFrom('18446744073709551616', '', 'x', '5x', ' 5', '5  x', '1'.repeat(21)),
);
const mode = fc.constantFrom(...Object.values(STORE));

/** The fields with a time of the world's clock. */
function fieldsAt(world: World, { clientFlags, expiresAtMs }: Fields): Fields {
  if (expiresAtMs === 0) return { clientFlags, expiresAtMs };
  return { clientFlags, expiresAtMs: world.nowMs + expiresAtMs };
}

function shown({ casGiven, ...others }: Terms): string {
  return `${casGiven} ${JSON.stringify(others)}`;
}

function brief(bytes: Buffer): string {
  return bytes.length > 24 ? `${bytes.length} B` : JSON.stringify(bytes.toString('latin1'));
}

// ── Storing, reading, changing ──────────────────────────────────────────────────────────────────

/** Every second CAS names the unique that the key has, the others a lower one, or the greatest. */
function casFor(world: World, key: string, isRight: boolean): bigint {
  const shown = world.stored.get(key)?.casShown ?? 1n;
  if (isRight) return shown;
  return shown < 2n ? UINT64_MAX : shown - 2n;
}

function storeRun(
  world: World,
  mode: StoreMode,
  key: string,
  data: Buffer,
  relative: Fields,
  isRight: boolean,
  terms: Terms = PLAIN,
): void {
  const own = fieldsAt(world, relative);
  const casUnique = casFor(world, key, isRight);
  const wanted = world.storeExpect({
    mode,
    key,
    value: data,
    casUnique,
    isReceived: false,
    terms,
    ...own,
  });
  const p = world.keySet(key);
  const status = world.client.store(p, mode, key, data, { ...own, ...terms, casUnique });
  world.settle(wanted, status, mode === STORE.SET ? key : null);
}

function getRun(world: World, key: string): void {
  const wanted = world.live(key);
  const entry = world.client.get(world.keySet(key), key);
  world.settle(STATUS.OK, STATUS.OK);
  if (wanted === null) expect(entry).toBeNull();
  else expect(wanted).toMatchObject({ ...entry });
}

function deleteRun(world: World, key: string): void {
  const wanted = world.live(key) === null ? STATUS.MISSING : STATUS.OK;
  world.settle(wanted, world.client.delete(world.keySet(key), key));
  expect(world.stored.has(key)).toBe(false);
}

function touchRun(world: World, key: string, relativeMs: number): void {
  const old = world.live(key);
  const { expiresAtMs } = fieldsAt(world, { clientFlags: 0, expiresAtMs: relativeMs });
  if (old !== null) world.changeExpect(CHANGE.TOUCH, key, { ...old, expiresAtMs });
  const status = world.client.touch(world.keySet(key), key, expiresAtMs);
  world.settle(old === null ? STATUS.MISSING : STATUS.OK, status);
}

/** As `gat` does: reads, touches, and answers from the item's new place. */
function getAndTouchRun(world: World, key: string, relativeMs: number): void {
  const old = world.live(key);
  const { expiresAtMs } = fieldsAt(world, { clientFlags: 0, expiresAtMs: relativeMs });
  const { op } = world.client;
  const p = world.keySet(key);
  const ref = itemRead(p, op);
  expect(ref !== 0).toBe(old !== null);
  if (old === null) {
    world.settle(STATUS.OK, STATUS.OK);
    return;
  }
  world.changeExpect(CHANGE.TOUCH, key, { ...old, expiresAtMs });
  op.expiresAtMs = expiresAtMs;
  const touched = itemTouch(p, op, ref);
  const { value: found } = itemEntry(p, touched === 0 ? ref : touched);
  world.settle(STATUS.OK, touched === 0 ? STATUS.NO_MEMORY : STATUS.OK);
  expect(found).toEqual(old.value);
}

function counterRun(
  world: World,
  key: string,
  delta: string,
  up: boolean,
  { casGiven }: Terms,
): void {
  const old = world.live(key);
  const isNumber = old !== null && !old.isChained;
  const next = !isNumber ? null : counterNext(old.value.toString('latin1'), delta, up);
  let wanted: Status = old === null ? STATUS.MISSING : STATUS.NOT_NUMERIC;
  if (old !== null && next !== null) {
    const padded = next.padEnd(old.value.length);
    world.changeExpect(CHANGE.STORE, key, { ...old, value: Buffer.from(padded), casGiven });
    wanted = STATUS.OK;
  }
  const result = world.client.add(world.keySet(key), key, delta, up, { casGiven });
  if (typeof result === 'string') expect(result).toBe(next);
  world.settle(wanted, typeof result === 'string' ? STATUS.OK : result);
}

/** Marks the key's item as stale; what it does to its CAS unique is in the terms. */
function invalidateRun(world: World, key: string, relativeMs: number | null, terms: Terms): void {
  const old = world.live(key);
  const touches = relativeMs !== null;
  const { casGiven } = terms;
  const { expiresAtMs } = fieldsAt(world, { clientFlags: 0, expiresAtMs: relativeMs ?? 0 });
  if (old !== null) {
    const marks = (old.marks & MARK_BINARY_KEY) | MARK_STALE;
    const isChained = old.isChained || !fitsChunk(key, old.value, terms);
    const next = { ...old, marks, casGiven, isChained };
    world.changeExpect(CHANGE.STORE, key, next);
    if (touches) world.changeExpect(CHANGE.TOUCH, key, { ...next, expiresAtMs });
  }
  const p = world.keySet(key);
  world.client.valueSet('', { casGiven, expiresAtMs });
  const status = itemInvalidate(p, world.client.op, touches);
  world.settle(old === null ? STATUS.MISSING : STATUS.OK, status, null, true);
}

/** A reader wins the token, as by `mg`. */
function winRun(world: World, key: string): void {
  const old = world.live(key);
  const p = world.keySet(key);
  const ref = itemRead(p, world.client.op);
  expect(ref !== 0).toBe(old !== null);
  if (old !== null) {
    itemMarksAdd(p, ref, MARK_TOKEN_SENT);
    world.stored.set(key, { ...old, marks: old.marks | MARK_TOKEN_SENT });
  }
  world.settle(STATUS.OK, STATUS.OK);
}

/** Takes the value away; the CAS unique stays unless another is given, or the item gets stale. */
function emptyRun(
  world: World,
  key: string,
  relative: Fields,
  isStale: boolean,
  terms: Terms,
): void {
  const old = world.live(key);
  const own = fieldsAt(world, relative);
  if (old !== null) {
    const kept = isStale ? null : old.casShown;
    const marks = (old.marks & MARK_BINARY_KEY) | (isStale ? MARK_STALE : 0);
    world.changeExpect(CHANGE.STORE, key, {
      ...{ ...old, ...own, marks, casGiven: terms.casGiven ?? kept },
      ...{ value: Buffer.alloc(0), isChained: false },
    });
  }
  const p = world.keySet(key);
  world.client.valueSet('', { ...own, casGiven: terms.casGiven });
  const status = itemEmpty(p, world.client.op, isStale);
  world.settle(old === null ? STATUS.MISSING : STATUS.OK, status, old === null ? null : key);
}

/** The counter's digits after an addition; null when there is no number below 2^64. */
function counterNext(text: string, delta: string, up: boolean): string | null {
  const digits = /^(\d{1,20})(?: |$)/.exec(text)?.[1];
  if (digits === undefined || BigInt(digits) >= 1n << 64n) return null;
  const sum = up ? BigInt(digits) + BigInt(delta) : BigInt(digits) - BigInt(delta);
  return String(up ? sum % (1n << 64n) : sum < 0n ? 0n : sum);
}

// ── Values that come and go in pieces ───────────────────────────────────────────────────────────

function receiveStartRun(
  world: World,
  mode: StoreMode,
  key: string,
  data: Buffer,
  relative: Fields,
  terms: Terms,
): void {
  if (world.receptions.length >= IN_FLIGHT_MAX) return;
  const own = fieldsAt(world, relative);
  const p = world.keySet(key);
  world.client.valueSet('', { ...own, ...terms });
  const kept = new StoreTerms(world.client.op);
  const ref = chainStart(p, world.client.op, data.length);
  const reception = { p, ref, mode, key, value: data, position: 0, terms, kept, ...own };
  if (ref !== 0) world.receptions.push(reception);
  world.settle(STATUS.OK, ref === 0 ? STATUS.NO_MEMORY : STATUS.OK);
}

/** Some of the value arrives; without memory for it, what it would have replaced is dropped. */
function receivePieceRun(world: World, which: number, share: number): void {
  const reception = world.receptions[which % world.receptions.length];
  if (reception === undefined) return;
  const rest = reception.value.length - reception.position;
  const status = receive(world, reception, Math.ceil(rest * share));
  world.settle(STATUS.OK, status, reception.mode === STORE.SET ? reception.key : null);
  if (status !== STATUS.OK) receptionDrop(world, reception);
}

function receptionDrop(world: World, reception: Reception): void {
  world.receptions.splice(world.receptions.indexOf(reception), 1);
}

function receive(world: World, reception: Reception, bytes: number): Status {
  const { p, ref, value: data, position, mode } = reception;
  world.keySet(reception.key);
  reception.position += bytes;
  if (chainWrite(p, ref, position, data, position, bytes, world.nowMs)) return STATUS.OK;
  storeFailed(p, world.client.op, mode);
  chainAbandon(p, ref);
  return STATUS.NO_MEMORY;
}

function receiveEndRun(world: World, which: number, isRight: boolean): void {
  const reception = world.receptions[which % world.receptions.length];
  if (reception === undefined) return;
  const { p, ref, mode, key, value: data } = reception;
  const setKey = mode === STORE.SET ? key : null;
  const received = receive(world, reception, data.length - reception.position);
  world.settle(STATUS.OK, received, setKey);
  if (received === STATUS.OK) {
    const casUnique = casFor(world, key, isRight);
    const wanted = world.storeExpect({ ...reception, casUnique, isReceived: true });
    world.keySet(key);
    termsRestore(world.client.op, reception.kept);
    if (mode === STORE.CAS) casDemand(world.client.op, uint64Of(casUnique));
    world.settle(wanted, chainCommit(p, world.client.op, mode, ref), setKey);
  }
  receptionDrop(world, reception);
}

function receiveAbandonRun(world: World, which: number): void {
  const reception = world.receptions[which % world.receptions.length];
  if (reception === undefined) return;
  chainAbandon(reception.p, reception.ref);
  receptionDrop(world, reception);
  world.settle(STATUS.OK, STATUS.OK);
}

function holdRun(world: World, key: string): void {
  const wanted = world.live(key);
  const p = world.keySet(key);
  const ref = itemRead(p, world.client.op);
  expect(ref !== 0).toBe(wanted !== null);
  if (wanted !== null) expect(itemIsChained(p, ref)).toBe(wanted.isChained);
  if (wanted?.isChained && world.holds.length < IN_FLIGHT_MAX) {
    const cursor = new ValueCursor();
    cursorStart(cursor, wanted.value.length);
    valueHold(p, ref);
    world.holds.push({ p, ref, value: wanted.value, cursor });
  }
  world.settle(STATUS.OK, STATUS.OK);
}

/** The held value is as it was when it was found, whatever happened to its key meanwhile. */
function holdPieceRun(world: World, which: number, roomBytes: number): void {
  const hold = world.holds[which % world.holds.length];
  if (hold === undefined) return;
  const room = Buffer.alloc(roomBytes + 2, '#');
  const start = hold.value.length - hold.cursor.leftBytes;
  const bytes = valuePiece(hold.p, hold.ref, hold.cursor, room, 1, roomBytes);
  expect(bytes).toBe(Math.min(roomBytes, hold.value.length - start));
  expect(room.subarray(1, 1 + bytes).equals(hold.value.subarray(start, start + bytes))).toBe(true);
  expect([room[0], room[bytes + 1]]).toEqual([0x23, 0x23]);
  if (hold.cursor.leftBytes === 0) holdEnd(world, hold);
  world.settle(STATUS.OK, STATUS.OK);
}

function holdEnd(world: World, hold: Hold): void {
  valueRelease(hold.p, hold.ref);
  world.holds.splice(world.holds.indexOf(hold), 1);
}

// ── Time and flushes ────────────────────────────────────────────────────────────────────────────

function flushRun(world: World, inMs: number): void {
  if (inMs > 0) {
    world.flushAtMs = world.nowMs + inMs;
    keyspaceFlushAt(world.keyspace, world.flushAtMs);
  } else {
    world.flushAtMs = 0;
    world.flushExpect();
    keyspaceFlush(world.keyspace);
  }
  world.settle(STATUS.OK, STATUS.OK);
}

function databaseFlushRun(world: World, database: number): void {
  world.flushExpect(database);
  for (const p of world.keyspace.partitions) databaseFlush(p, database);
  world.settle(STATUS.OK, STATUS.OK);
}

function sweepRun(world: World, pagesMax: number): void {
  const before = world.stored.size;
  let reaped = 0;
  for (const p of world.keyspace.partitions) reaped += expirySweep(p, world.nowMs, pagesMax);
  world.settle(STATUS.OK, STATUS.OK);
  expect(before - world.stored.size).toBe(reaped);
}

/** Another memory limit, or some more of the way to it. What is lost by it the log has as evicted. */
function resizeRun(world: World, share: number, pagesMax: number): void {
  for (const p of world.keyspace.partitions) {
    const target = Math.min(p.pageCount, RESIZED_PAGES_MIN + Math.floor(share * p.pageCount));
    partitionResize(p, target, world.nowMs, pagesMax);
    const limit = p.i32[HEADER.pageLimit];
    expect(limit).toBeGreaterThanOrEqual(target);
  }
  world.settle(STATUS.OK, STATUS.OK);
}

/** Sends, receives and stores no more; when all keys are deleted too, nothing is left. */
export function worldEnd(world: World): void {
  world.begin();
  for (const { p, ref } of world.receptions.splice(0)) chainAbandon(p, ref);
  for (const hold of [...world.holds]) holdEnd(world, hold);
  world.settle(STATUS.OK, STATUS.OK);
  for (const key of [...world.stored.keys()]) deleteRun(world, key);
  expect(world.stored.size).toBe(0);
  for (const p of world.keyspace.partitions) partitionExpectEmpty(p);
}

/** Every kind of step, on keys out of `keys`. */
export function stepsAll(keys: readonly string[]): fc.Arbitrary<Step>[] {
  const key = fc.constantFrom(...keys);
  const delayMs = fc.integer({ min: -100, max: 5000 });
  const store = fc
    .tuple(
      mode,
      key,
      fc.oneof(
        value,
        counterValue.map((text) => Buffer.from(text)),
      ),
      fields,
      fc.boolean(),
      terms,
    )
    .map(([m, k, v, f, right, t]) =>
      step(`store ${m} ${k} ${brief(v)} ${JSON.stringify(f)} ${right} ${shown(t)}`, (world) =>
        storeRun(world, m, k, v, f, right, t),
      ),
    );
  const counter = fc
    .tuple(
      key,
      number.map((text) => text.trim()),
      fc.boolean(),
      terms,
    )
    .map(([k, n, up, t]) =>
      step(`add ${k} ${up ? '+' : '-'}${n} ${shown(t)}`, (world) => counterRun(world, k, n, up, t)),
    );
  const invalidate = fc
    .tuple(key, fc.option(delayMs), terms)
    .map(([k, ms, t]) =>
      step(`invalidate ${k} ${ms} ${shown(t)}`, (world) => invalidateRun(world, k, ms, t)),
    );
  const empty = fc
    .tuple(key, fields, fc.boolean(), terms)
    .map(([k, f, stale, t]) =>
      step(`empty ${k} ${stale} ${shown(t)}`, (world) => emptyRun(world, k, f, stale, t)),
    );
  const numeric = fc
    .tuple(key, counterValue, fields)
    .map(([k, v, f]) =>
      step(`set ${k} ${v}`, (world) => storeRun(world, STORE.SET, k, Buffer.from(v), f, true)),
    );
  const receiveStart = fc
    .tuple(mode, key, value, fields, terms)
    .map(([m, k, v, f, t]) =>
      step(`receive ${m} ${k} ${brief(v)} ${shown(t)}`, (world) =>
        receiveStartRun(world, m, k, v, f, t),
      ),
    );
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  // biome-ignore format: a table reads in columns
  return [
    store, store, store, counter, numeric, receiveStart, invalidate, empty,
    key.map((k) => step(`win ${k}`, (world) => winRun(world, k))),
    key.map((k) => step(`get ${k}`, (world) => getRun(world, k))),
    key.map((k) => step(`delete ${k}`, (world) => deleteRun(world, k))),
    key.map((k) => step(`hold ${k}`, (world) => holdRun(world, k))),
    fc.tuple(key, delayMs).map(([k, ms]) => step(`touch ${k} ${ms}`, (world) => touchRun(world, k, ms))),
    fc.tuple(key, delayMs).map(([k, ms]) => step(`gat ${k} ${ms}`, (world) => getAndTouchRun(world, k, ms))),
    fc.tuple(fc.nat(), share).map(([n, s]) => step(`receive piece ${n} ${s}`, (world) => receivePieceRun(world, n, s))),
    fc.tuple(fc.nat(), fc.boolean()).map(([n, right]) => step(`receive end ${n} ${right}`, (world) => receiveEndRun(world, n, right))),
    fc.nat().map((n) => step(`receive abandon ${n}`, (world) => receiveAbandonRun(world, n))),
    fc.tuple(fc.nat(), fc.nat(20_000)).map(([n, room]) => step(`hold piece ${n} ${room}`, (world) => holdPieceRun(world, n, room))),
    fc.nat(3000).map((ms) => step(`clock +${ms}`, (world) => { world.nowMs += ms; })),
    fc.nat(8).map((pages) => step(`sweep ${pages}`, (world) => sweepRun(world, pages))),
  ];
}

/** A flush, now or later; rare, or nothing else would live long. */
export const stepFlush: fc.Arbitrary<Step> = fc
  .integer({ min: -1000, max: 4000 })
  .map((ms) => step(`flush ${ms}`, (world) => flushRun(world, ms)));

/** A flush of one database, which leaves the keys of the same names in others. */
export const stepDatabaseFlush: fc.Arbitrary<Step> = fc
  .constantFrom(0, 1, 2, 3, 7, 15)
  .map((database) =>
    step(`flush database ${database}`, (world) => databaseFlushRun(world, database)),
  );

/** The memory limit moves, down to what the largest value needs and up to all there is. */
export const stepResize: fc.Arbitrary<Step> = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(20))
  .map(([share, pages]) =>
    step(`resize ${share} ${pages}`, (world) => resizeRun(world, share, pages)),
  );

/** Many values of one size, so that memory gets full of them. */
export function stepFill(bytesMax: number): fc.Arbitrary<Step> {
  return fc
    .tuple(fc.nat(bytesMax), fc.integer({ min: 1, max: 60 }), fc.nat(9))
    .map(([bytes, count, salt]) =>
      step(`fill ${count} × ${bytes} ${salt}`, (world) => {
        const none = { clientFlags: 0, expiresAtMs: 0 };
        for (let n = 0; n < count; n++) {
          world.isFilling = n < count - 1;
          storeRun(world, STORE.SET, `fill:${salt}:${n}`, valueMake(bytes, n), none, true);
        }
      }),
    );
}
