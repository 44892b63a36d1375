/** HyperLogLogs: the bytes and the estimates that Valkey 8 made of the same elements, and the forms. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueHold, valueRelease } from '../../../src/engine/types/chained.ts';
import { hllIsDense } from '../../../src/engine/types/hyperloglog.ts';
import { REGISTER_COUNT } from '../../../src/engine/types/hyperloglog-hash.ts';
import {
  HLL_STATUS,
  HllCounted,
  type HllStatus,
  HllWork,
  hllAdd,
  hllClose,
  hllCount,
  hllOpen,
  hllRaise,
  hllRanksRaise,
  ranksEstimate,
} from '../../../src/engine/types/hyperloglog-key.ts';
import { sparseText } from '../../../src/engine/types/hyperloglog-sparse.ts';
import { itemFind, STORE } from '../../../src/engine/types/string.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { partitionExpectSound, partitionMake } from '../fixture.ts';
import { MIB, NOW_MS } from '../limits.ts';

const client = new Client();
const work = new HllWork();
work.sparseBytesMax = 3000;

function refOf(p: Partition, key: string): number {
  client.keySet(key);
  return itemFind(p, client.op);
}

/** As PFADD: whether the value changed. */
function add(p: Partition, key: string, elements: Iterable<Buffer>, copies = false): boolean {
  expect(hllOpen(p, work, refOf(p, key), copies)).toBe(HLL_STATUS.OK);
  for (const element of elements) {
    const bytes = Buffer.concat([Buffer.from([1]), element, Buffer.from([1])]);
    const status = hllAdd(p, client.op, work, bytes, 1, bytes.length - 1);
    expect(status).toBe(HLL_STATUS.OK);
  }
  const { isChanged } = work;
  expect(hllClose(p, client.op, work)).toBe(HLL_STATUS.OK);
  return isChanged;
}

function count(p: Partition, key: string): number {
  const out = new HllCounted();
  expect(hllCount(p, client.op, work, refOf(p, key), out)).toBe(HLL_STATUS.OK);
  return out.count;
}

function hllOf(p: Partition, key: string): Buffer {
  return client.get(p, key)?.value ?? Buffer.alloc(0);
}

function* numbered(from: number, to: number): Generator<Buffer> {
  for (let n = from; n < to; n++) yield Buffer.from(`element:${n}`);
}

/** What hllOpen says to a value, or else what adding an element does. */
function openStatus(p: Partition, key: string): HllStatus {
  const status = hllOpen(p, work, refOf(p, key), false);
  if (status !== HLL_STATUS.OK) return status;
  return hllAdd(p, client.op, work, Buffer.from('x'), 0, 1);
}

describe('a HyperLogLog', () => {
  // Elements so far, then length, SHA-1 and estimate that Valkey had of them, counting at each stop.
  const STOPS = [
    [1, 21, 'd111dd27cb94748a8cf3c3c1bf002fe0e1b6b277', 1],
    [2, 24, '271a9920fad4dcd3c997985935bd48803efc4cf0', 2],
    [5, 33, '1b4864bb1b8957e59ac004d41a35b2d39cf887c1', 5],
    [50, 158, '7bcf68787523ea319fe61883d794eb6f1146788b', 50],
    [500, 1050, '473a1ba0d48b689adf5f1bb4cb6f0ccf75274207', 502],
    [1200, 2230, 'da5ace4a4a548361cec700ebccb2df7dedadec61', 1198],
    [1500, 2722, 'e0e193285b45054ded4cbfca79797a1c166cec20', 1500],
    [2000, 12304, '6cb88e5f846f221dbfff82b01ea132050c489fc3', 2004],
    [20000, 12304, '98a5bccf5a1809cda9ae8ce2d33c628df76d594c', 19986],
  ] as const;

  it.each([true, false])('has the bytes and the estimates of Valkey (copied: %s)', (copies) => {
    const p = partitionMake();
    let from = 0;
    for (const [to, bytes, digest, estimate] of STOPS) {
      const before = client.get(p, 'h')?.casUnique ?? 0;
      expect(add(p, 'h', numbered(from, to), copies)).toBe(true);
      expect(add(p, 'h', numbered(0, to), copies)).toBe(false);
      expect(client.get(p, 'h')?.casUnique).toBeGreaterThan(before);
      expect(hllOf(p, 'h').length).toBe(bytes);
      expect(createHash('sha1').update(hllOf(p, 'h')).digest('hex')).toBe(digest);
      expect(count(p, 'h')).toBe(estimate);
      partitionExpectSound(p);
      from = to;
    }
    expect(hllIsDense(hllOf(p, 'h'))).toBe(true);
  });

  it('hashes elements of all lengths, and shows its runs', () => {
    const p = partitionMake();
    for (let length = 0; length < 40; length++) {
      add(p, 'h', [Buffer.from(Array.from({ length }, (_, at) => length * 37 + at * 11))]);
    }
    expect(hllOf(p, 'h').subarray(16).toString('hex')).toBe(
      '40c6841880415a8c42c080388c410080438684407988408a80453f8840ec9443f6800a8440e98041488441038040' +
        '7a8042598442ae8c3b800c88455a8441cc801f8440c28040c98440588c40928040408040f68441e8844108802380' +
        '12801a8040e88444488448228441a68042f98041af',
    );
    expect(hllOpen(p, work, refOf(p, 'h'), true)).toBe(HLL_STATUS.OK);
    expect(sparseText(work.copy)).toMatch(/^Z:199 v:2,1 z:25 v:1,1 Z:347 v:4,1 .* v:1,1 Z:432$/);
  });

  it('has the same registers in either form, and joins neighbours that are equal', () => {
    const p = partitionMake();
    const raised = fc.array(
      fc.tuple(
        fc.oneof(fc.nat(20), fc.nat(REGISTER_COUNT - 1)),
        fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 51 })),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(raised, (all) => {
        const wanted = new Uint8Array(REGISTER_COUNT);
        client.delete(p, 'h');
        expect(hllOpen(p, work, 0, true)).toBe(HLL_STATUS.OK);
        for (const [index, rank] of all) {
          expect(hllRaise(work, index, rank)).toBe(HLL_STATUS.OK);
          wanted[index] = Math.max(wanted[index], rank);
        }
        client.keySet('h');
        expect(hllClose(p, client.op, work)).toBe(HLL_STATUS.OK);
        const found = new Uint8Array(REGISTER_COUNT);
        expect(hllRanksRaise(p, work, refOf(p, 'h'), found)).toBe(HLL_STATUS.OK);
        expect(found).toEqual(wanted);
        expect(hllIsDense(hllOf(p, 'h'))).toBe(wanted.some((rank) => rank > 32));
        expect(ranksEstimate(found)).toBe(count(p, 'h'));
        // Read out of the cache this time.
        expect(ranksEstimate(found)).toBe(count(p, 'h'));
      }),
    );
  });

  it('gets dense when it would be longer than it may', () => {
    const p = partitionMake();
    work.sparseBytesMax = 40;
    for (let n = 0; n < 20; n++) {
      add(p, 'h', numbered(n, n + 1));
      const value = hllOf(p, 'h');
      expect(value.length <= 40).toBe(!hllIsDense(value));
      expect(count(p, 'h')).toBe(n + 1);
    }
    work.sparseBytesMax = 3000;
    expect(hllIsDense(hllOf(p, 'h'))).toBe(true);
  });

  it('keeps its expiry time, and the bytes that somebody is sending', () => {
    const p = partitionMake({ bytes: 4 * MIB });
    add(p, 'h', numbered(0, 5000));
    expect(client.touch(p, 'h', NOW_MS + 5)).toBe(0);
    const before = hllOf(p, 'h');
    const held = refOf(p, 'h');
    valueHold(p, held);
    expect(add(p, 'h', numbered(5000, 9000))).toBe(true);
    expect(count(p, 'h')).toBeGreaterThan(8800);
    expect(refOf(p, 'h')).not.toBe(held);
    expect(client.get(p, 'h')?.expiresAtMs).toBe(NOW_MS + 5);
    partitionExpectSound(p);
    valueRelease(p, held);
    add(p, 'small', numbered(0, 3));
    client.touch(p, 'small', NOW_MS + 5);
    add(p, 'small', numbered(3, 9));
    expect(client.get(p, 'small')?.expiresAtMs).toBe(NOW_MS + 5);
    expect(before.length).toBe(hllOf(p, 'h').length);
    partitionExpectSound(p);
  });

  it.each([
    ['', HLL_STATUS.NOT_SOUND],
    ['HYLL', HLL_STATUS.NOT_SOUND],
    [`HYLL\x01${'\0'.repeat(10)}`, HLL_STATUS.NOT_SOUND],
    [`hYLL\x01${'\0'.repeat(11)}\x7f\xff`, HLL_STATUS.NOT_SOUND],
    [`HYLL\x02${'\0'.repeat(11)}\x7f\xff`, HLL_STATUS.NOT_SOUND],
    [`HYLL\x00${'\0'.repeat(12298)}`, HLL_STATUS.NOT_SOUND],
    [`HYLL\x01${'\0'.repeat(11)}`, HLL_STATUS.CORRUPT],
    [`HYLL\x01${'\0'.repeat(11)}\x40\x00`, HLL_STATUS.CORRUPT],
    [`HYLL\x01${'\0'.repeat(40_000)}`, HLL_STATUS.CORRUPT],
  ])('is not %j', (value, status) => {
    const p = partitionMake();
    client.set(p, 'h', value);
    expect(openStatus(p, 'h')).toBe(status);
  });

  it.each([
    ['too few registers', '\x7f\xfe\x00'.slice(0, 2)],
    ['too many', '\x7f\xff\x00'],
    ['too many that are not zero', '\x7f\xfd\x8a'],
  ])('of %s is corrupt for whoever reads all of it', (_, runs) => {
    const p = partitionMake();
    client.set(p, 'h', `HYLL\x01${'\0'.repeat(10)}\x80${runs}`);
    const out = new HllCounted();
    expect(hllCount(p, client.op, work, refOf(p, 'h'), out)).toBe(HLL_STATUS.CORRUPT);
    const ranks = new Uint8Array(REGISTER_COUNT);
    expect(hllRanksRaise(p, work, refOf(p, 'h'), ranks)).toBe(HLL_STATUS.CORRUPT);
    expect(hllOpen(p, work, refOf(p, 'h'), false)).toBe(HLL_STATUS.OK);
    expect(hllRaise(work, 0, 40)).toBe(HLL_STATUS.CORRUPT);
    expect(client.store(p, STORE.APPEND, 'h', '')).toBe(0);
  });
});
