/** An item's header: each field keeps what it is told, whatever is said to the others. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_BYTES_LIMIT, Key, keyFill } from '../../src/base/key.ts';
import { chainInit } from '../../src/memory/chain.ts';
import {
  CAS_HI_MAX,
  chunkKind,
  EXTRA_CHAIN,
  EXTRA_CLIENT_FLAGS,
  EXTRA_EXPIRY,
  ITEM_TYPE,
  itemAccessedSecSet,
  itemBytes,
  itemBytesFor,
  itemCas,
  itemCasSet,
  itemChainWord,
  itemClientFlags,
  itemClientFlagsSet,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemExtras,
  itemFrequency,
  itemFrequencyLower,
  itemHash,
  itemHeaderWrite,
  itemIdleSec,
  itemIsFetched,
  itemIsLinked,
  itemIsMain,
  itemKeyBytes,
  itemKeyEquals,
  itemKeyOffset,
  itemKeyRead,
  itemKeyWrite,
  itemLinkedClear,
  itemLinkedSet,
  itemNoteUse,
  itemPromote,
  itemType,
  itemValueBytes,
  itemValueOffset,
  KIND_ITEM,
} from '../../src/memory/item.ts';
import { chunkTake } from '../../src/memory/slab.ts';
import { partitionMake } from '../engine/fixture.ts';

const p = partitionMake();
const ref = chunkTake(p, p.classes.largest);
const NOW_SEC = 1_800_000_000;
const extrasAll = fc.integer({ min: 0, max: 7 });

function headerMake(extras: number, key: Uint8Array, valueBytes: number): void {
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, key.length, valueBytes);
  if (extras & EXTRA_CHAIN) chainInit(p, ref);
  itemKeyWrite(p, ref, keyOf(key));
}

function keyOf(bytes: Uint8Array): Key {
  const key = new Key();
  keyFill(key, bytes, 0, bytes.length);
  return key;
}

describe('an item header', () => {
  it('holds all its fields side by side, for every set of optional ones', () => {
    const fields = fc.record({
      extras: extrasAll,
      key: fc.uint8Array({ minLength: 1, maxLength: 250 }),
      valueBytes: fc.nat(0x7fffffff),
      clientFlags: fc.nat(0xffffffff),
      expiresAtMs: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      casLo: fc.integer(),
      casHi: fc.nat(CAS_HI_MAX),
      idleSec: fc.nat(2 ** 20 - 1),
    });
    fc.assert(
      fc.property(fields, (f) => {
        headerMake(f.extras, f.key, f.valueBytes);
        itemCasSet(p, ref, f.casLo, f.casHi);
        itemAccessedSecSet(p, ref, NOW_SEC - f.idleSec);
        if (f.extras & EXTRA_EXPIRY) itemExpiresAtMsSet(p, ref, f.expiresAtMs);
        if (f.extras & EXTRA_CLIENT_FLAGS) itemClientFlagsSet(p, ref, f.clientFlags);
        itemLinkedSet(p, ref);
        itemPromote(p, ref);

        expect(chunkKind(p, ref)).toBe(KIND_ITEM);
        expect(itemType(p, ref)).toBe(ITEM_TYPE.STRING);
        expect(itemExtras(p, ref)).toBe(f.extras);
        expect(itemKeyBytes(p, ref)).toBe(f.key.length);
        expect(itemKeyEquals(p, ref, keyOf(f.key))).toBe(true);
        expect(itemValueBytes(p, ref)).toBe(f.valueBytes);
        expect(itemCas(p, ref)).toBe(f.casHi * 2 ** 32 + (f.casLo >>> 0));
        expect(itemIdleSec(p, ref, NOW_SEC)).toBe(f.idleSec);
        expect(itemExpiresAtMs(p, ref)).toBe(f.extras & EXTRA_EXPIRY ? f.expiresAtMs : 0);
        expect(itemClientFlags(p, ref)).toBe(f.extras & EXTRA_CLIENT_FLAGS ? f.clientFlags : 0);
        expect([itemIsLinked(p, ref), itemIsMain(p, ref), itemIsFetched(p, ref)]).toEqual([
          true,
          true,
          false,
        ]);
        itemLinkedClear(p, ref);
        expect(itemIsLinked(p, ref)).toBe(false);
      }),
    );
  });

  it('places its optional fields, key and value one behind the other', () => {
    for (let extras = 0; extras <= 7; extras++) {
      headerMake(extras, Buffer.from('key'), 5);
      const start = ref << 3;
      let at = start + 16;
      if (extras & EXTRA_EXPIRY) at += 8;
      if (extras & EXTRA_CHAIN) {
        expect(itemChainWord(p, ref) << 2).toBe(at);
        at += 16;
      }
      if (extras & EXTRA_CLIENT_FLAGS) at += 4;
      expect(itemKeyOffset(p, ref)).toBe(at);
      expect(itemValueOffset(p, ref)).toBe(at + 3);
      expect(itemBytes(p, ref)).toBe(at + 3 + 5 - start);
      expect(itemBytesFor(extras, 3, 5)).toBe(at + 3 + 5 - start);
    }
  });

  it('tells keys apart by length and by every byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (key, at) => {
        headerMake(at & 7, key, 0);
        const other = Uint8Array.from(key);
        other[at % key.length] ^= 1 << (at % 8);
        expect(itemKeyEquals(p, ref, keyOf(key))).toBe(true);
        expect(itemHash(p, ref)).toBe(keyOf(key).hash);
        for (const wrong of [other, key.subarray(1), Buffer.concat([key, key])]) {
          expect(itemKeyEquals(p, ref, keyOf(wrong))).toBe(false);
        }
        const taken = new Key();
        itemKeyRead(p, ref, taken);
        expect([taken.bytes, taken.hash]).toEqual([key.length, keyOf(key).hash]);
        expect(itemKeyEquals(p, ref, taken)).toBe(true);
      }),
    );
    headerMake(7, Buffer.alloc(KEY_BYTES_LIMIT, 'k'), 0);
    expect(itemKeyBytes(p, ref)).toBe(KEY_BYTES_LIMIT);
  });

  it('counts uses up to three and forgets them one by one, or all on promotion', () => {
    headerMake(0, Buffer.from('key'), 1);
    for (const expected of [1, 2, 3, 3, 3]) {
      itemNoteUse(p, ref, NOW_SEC);
      expect(itemFrequency(p, ref)).toBe(expected);
    }
    expect(itemIsFetched(p, ref)).toBe(true);
    expect(itemKeyBytes(p, ref)).toBe(3);
    itemFrequencyLower(p, ref);
    expect(itemFrequency(p, ref)).toBe(2);
    itemPromote(p, ref);
    expect([itemFrequency(p, ref), itemIsMain(p, ref)]).toEqual([0, true]);
  });

  it('tells idle time modulo twelve days', () => {
    headerMake(0, Buffer.from('key'), 1);
    itemCasSet(p, ref, -1, CAS_HI_MAX);
    itemNoteUse(p, ref, NOW_SEC);
    expect(itemIdleSec(p, ref, NOW_SEC + 5)).toBe(5);
    expect(itemIdleSec(p, ref, NOW_SEC + 2 ** 20 + 5)).toBe(5);
    expect(itemCas(p, ref)).toBe(2 ** 44 - 1);
  });
});
