/** An item's header: each field keeps what it is told, whatever is said to the others. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_BYTES_LIMIT, Key, keyFill, keyFillIn } from '../../src/base/key.ts';
import { Uint64 } from '../../src/base/uint64.ts';
import { chainInit } from '../../src/memory/chain.ts';
import {
  CAS_HI_MAX,
  chunkKind,
  EXTRA_CAS,
  EXTRA_CHAIN,
  EXTRA_CLIENT_FLAGS,
  EXTRA_EXPIRY,
  ITEM_TYPE,
  itemBytes,
  itemBytesFor,
  itemCas,
  itemCasIsGiven,
  itemCasSet,
  itemChainWord,
  itemClientFlags,
  itemClientFlagsSet,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemExtras,
  itemFetchedSet,
  itemFrequency,
  itemFrequencyLower,
  itemGivenCasSet,
  itemGivenCasTake,
  itemHash,
  itemHeaderRewrite,
  itemHeaderWrite,
  itemIsFetched,
  itemIsLinked,
  itemIsMain,
  itemIsNamespaced,
  itemKeyBytes,
  itemKeyEquals,
  itemKeyOffset,
  itemKeyRead,
  itemKeyWrite,
  itemLinkedClear,
  itemLinkedSet,
  itemMarks,
  itemMarksAdd,
  itemMarksClear,
  itemMetaIsSound,
  itemNameBytes,
  itemNameOffset,
  itemNamespace,
  itemNoteInterest,
  itemNoteUse,
  itemPromote,
  itemType,
  itemValueBytes,
  itemValueOffset,
  KIND_ITEM,
  MARK_BINARY_KEY,
  MARK_STALE,
  MARK_TOKEN_SENT,
} from '../../src/memory/item.ts';
import { itemAccessedSecSet, itemIdleSec } from '../../src/memory/item-access.ts';
import { chunkTake } from '../../src/memory/slab.ts';
import { uint64Of } from '../engine/client.ts';
import { partitionMake } from '../engine/fixture.ts';

const p = partitionMake();
const ref = chunkTake(p, p.classes.largest);
const NOW_SEC = 1_800_000_000;
const taken = new Uint64();
/** Every set of the fields before the key, with the one behind it and without. */
const EXTRAS = Array.from({ length: 16 }, (_, n) => (n & 7) | (n > 7 ? EXTRA_CAS : 0));
const MARKS = [MARK_STALE, MARK_TOKEN_SENT, MARK_BINARY_KEY];
const extrasAll = fc.constantFrom(...EXTRAS);

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
      given: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      marks: fc.subarray(MARKS).map((marks) => marks.reduce((all, mark) => all | mark, 0)),
    });
    fc.assert(
      fc.property(fields, (f) => {
        headerMake(f.extras, f.key, f.valueBytes);
        itemMarksAdd(p, ref, f.marks);
        if (f.extras & EXTRA_CAS) itemGivenCasSet(p, ref, uint64Of(f.given));
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
        expect(itemCasIsGiven(p, ref)).toBe((f.extras & EXTRA_CAS) !== 0);
        if (f.extras & EXTRA_CAS) {
          itemGivenCasTake(p, ref, taken);
          expect(taken).toEqual(uint64Of(f.given));
        }
        expect(itemMarks(p, ref)).toBe(f.marks);
        expect(itemMetaIsSound(p, ref)).toBe(true);
        itemMarksClear(p, ref, MARK_STALE);
        expect(itemMarks(p, ref)).toBe(f.marks & ~MARK_STALE);
        itemLinkedClear(p, ref);
        expect(itemIsLinked(p, ref)).toBe(false);
      }),
    );
  });

  it('places its optional fields, key and value one behind the other', () => {
    for (const extras of EXTRAS) {
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
      at += 3;
      if (extras & EXTRA_CAS) {
        itemGivenCasSet(p, ref, uint64Of(0x0102030405060708n));
        expect(p.u8.readBigUInt64LE(at)).toBe(0x0102030405060708n);
        at += 8;
      }
      expect(itemValueOffset(p, ref)).toBe(at);
      expect(itemBytes(p, ref)).toBe(at + 5 - start);
      expect(itemBytesFor(extras, 3, 5)).toBe(at + 5 - start);
    }
  });

  it('is unsound with a bit set that has no meaning', () => {
    headerMake(EXTRA_CAS, Buffer.from('key'), 5);
    itemMarksAdd(p, ref, -1);
    expect(itemMetaIsSound(p, ref)).toBe(true);
    p.i32[ref << 1] |= 1 << 18;
    expect(itemMetaIsSound(p, ref)).toBe(false);
  });

  it('is rewritten without its marks, and read or not as before', () => {
    headerMake(EXTRA_CAS, Buffer.from('key'), 5);
    itemNoteInterest(p, ref, NOW_SEC);
    expect([itemIsFetched(p, ref), itemFrequency(p, ref)]).toEqual([false, 1]);
    itemNoteUse(p, ref, NOW_SEC);
    itemNoteInterest(p, ref, NOW_SEC);
    expect([itemIsFetched(p, ref), itemFrequency(p, ref)]).toEqual([true, 3]);
    itemMarksAdd(p, ref, -1);
    itemHeaderRewrite(p, ref, EXTRA_EXPIRY | MARK_BINARY_KEY, 9);
    expect([itemExtras(p, ref), itemMarks(p, ref)]).toEqual([EXTRA_EXPIRY, MARK_BINARY_KEY]);
    expect([itemIsFetched(p, ref), itemKeyBytes(p, ref), itemFrequency(p, ref)]).toEqual([
      false,
      3,
      3,
    ]);
    itemFetchedSet(p, ref);
    expect(itemIsFetched(p, ref)).toBe(true);
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

  it('has a name within its namespace', () => {
    const namespaces = fc.constantFrom(0, 1, 15, 16, 0x0fff_ffff);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        namespaces,
        extrasAll,
        (name, namespace, extras) => {
          const key = new Key();
          keyFillIn(key, namespace, name, 0, name.length);
          itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, key.bytes, 3);
          itemKeyWrite(p, ref, key);
          expect(itemNamespace(p, ref)).toBe(namespace);
          expect(itemIsNamespaced(p, ref)).toBe(namespace !== 0);
          expect(itemMetaIsSound(p, ref)).toBe(true);
          const start = itemNameOffset(p, ref);
          const read = p.u8.subarray(start, start + itemNameBytes(p, ref));
          expect(Buffer.compare(read, name)).toBe(0);
          expect(itemValueOffset(p, ref)).toBe(start + name.length + (extras & EXTRA_CAS ? 8 : 0));
          expect([itemKeyEquals(p, ref, key), itemHash(p, ref)]).toEqual([true, key.hash]);
          const elsewhere = new Key();
          keyFillIn(elsewhere, 7, name, 0, name.length);
          expect(itemKeyEquals(p, ref, elsewhere)).toBe(false);
          const plain = new Key();
          keyFill(plain, key.u8, 0, key.bytes);
          expect(itemKeyEquals(p, ref, plain)).toBe(namespace === 0);
          itemKeyRead(p, ref, elsewhere);
          expect([elsewhere.tag, elsewhere.table]).toEqual([key.tag, key.table]);
        },
      ),
    );
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
