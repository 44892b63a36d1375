/**
 * Lists against arrays. A step changes one list both ways; `check` then compares all of them, element by
 * element and in both directions, and walks the partition's structures.
 */
import { expect } from 'vitest';
import { graveyardWork } from '../../../src/engine/collection/graveyard-work.ts';
import { collectionCreate, itemChanged } from '../../../src/engine/collection/packed.ts';
import { indexFind } from '../../../src/engine/hash-index.ts';
import { itemCasUnique } from '../../../src/engine/lifecycle.ts';
import { STATUS } from '../../../src/engine/status.ts';
import { listDrop, listInsert, listPush, listSet } from '../../../src/engine/types/list.ts';
import {
  ListCursor,
  listElementEquals,
  listNext,
  listPrevious,
  listSeek,
} from '../../../src/engine/types/list-cursor.ts';
import { ListMove, listMove } from '../../../src/engine/types/list-move.ts';
import { ListRemoval, listRemove } from '../../../src/engine/types/list-remove.ts';
import { listTrim } from '../../../src/engine/types/list-trim.ts';
import { itemValueCopy } from '../../../src/memory/chain.ts';
import { collectionCount, collectionForm, FORM } from '../../../src/memory/collection.ts';
import { ITEM_TYPE, itemExpiresAtMs } from '../../../src/memory/item.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectSound, partitionMake, type Setup } from '../fixture.ts';
import { NOW_MS } from '../limits.ts';

type Model = { elements: Buffer[]; expiresAtMs: number; casUnique: number };

/** The element that a cursor is at. */
export function elementAt(p: Partition, cursor: ListCursor): Buffer {
  const bytes = Buffer.alloc(cursor.bytes);
  if (cursor.chainRef !== 0) itemValueCopy(p, cursor.chainRef, bytes, 0);
  else p.u8.copy(bytes, 0, cursor.start, cursor.start + cursor.bytes);
  return bytes;
}

/** All elements from one on, in one direction. */
export function elementsFrom(p: Partition, ref: number, index: number, up: boolean): Buffer[] {
  const cursor = new ListCursor();
  const elements: Buffer[] = [];
  for (let more = listSeek(p, ref, index, cursor); more; ) {
    elements.push(elementAt(p, cursor));
    more = up ? listNext(p, cursor) : listPrevious(p, cursor);
  }
  return elements;
}

export class ListWorld {
  readonly p: Partition;
  readonly client = new Client();
  readonly famine: Famine;
  readonly lists = new Map<string, Model>();
  readonly removal = new ListRemoval();
  readonly move = new ListMove();
  refusals = 0;
  losses = 0;
  /** Forms that lists were seen in, and how often one took another. */
  readonly forms = new Map<string, number>();
  changes = 0;

  constructor(setup: Setup) {
    this.p = partitionMake(setup);
    this.famine = new Famine(this.p);
  }

  find(key: string): number {
    this.client.keySet(key);
    return indexFind(this.p, this.client.op.key);
  }

  length(key: string): number {
    return this.lists.get(key)?.elements.length ?? 0;
  }

  private model(key: string): Model {
    return this.lists.get(key) as Model; // for keys that have a list
  }

  /** Whatever else had to go for it, the list that was changed is there. */
  private changed(key: string, ref: number): void {
    expect(this.find(key)).toBe(ref);
    itemChanged(this.p, ref);
    const model = this.model(key);
    expect(itemCasUnique(this.p, ref)).toBeGreaterThan(model.casUnique);
    model.casUnique = itemCasUnique(this.p, ref);
  }

  push(key: string, elements: readonly Buffer[], atHead: boolean): void {
    const { p, client } = this;
    let ref = this.find(key);
    if (ref === 0) {
      ref = collectionCreate(p, client.op, ITEM_TYPE.LIST);
      if (ref !== 0) this.lists.set(key, { elements: [], expiresAtMs: 0, casUnique: 0 });
    }
    let isRefused = ref === 0;
    for (const element of elements) {
      if (isRefused) break;
      client.valueSet(element);
      const to = listPush(p, client.op, ref, atHead);
      isRefused = to === 0;
      if (isRefused) break;
      ref = to;
      if (atHead) this.model(key).elements.unshift(element);
      else this.model(key).elements.push(element);
    }
    if (isRefused) this.refusals++;
    if (ref === 0) return;
    if (this.length(key) === 0) this.drop(key, 0, true);
    else this.changed(key, ref);
  }

  drop(key: string, count: number, atHead: boolean): void {
    const { p, client } = this;
    const from = this.find(key);
    if (from === 0) return;
    const ref = listDrop(p, client.op.key.hash, from, atHead, count, NOW_MS);
    const { elements } = this.model(key);
    if (atHead) elements.splice(0, count);
    else elements.splice(Math.max(0, elements.length - count));
    this.shrunk(key, ref);
  }

  /** A list that has no elements left must be gone. */
  private shrunk(key: string, ref: number): void {
    expect(this.find(key)).toBe(ref);
    if (this.length(key) > 0) this.changed(key, ref);
    else this.lists.delete(key);
    expect(ref === 0).toBe(!this.lists.has(key));
  }

  /** Puts an element before the one at `index`, behind it, or in its place. */
  put(key: string, index: number, element: Buffer, how: 'before' | 'behind' | 'instead'): void {
    const { p, client } = this;
    const from = this.find(key);
    if (from === 0) return;
    const cursor = new ListCursor();
    expect(listSeek(p, from, index, cursor)).toBe(true);
    client.valueSet(element);
    const ref =
      how === 'instead'
        ? listSet(p, client.op, from, cursor)
        : listInsert(p, client.op, from, cursor, how === 'behind');
    if (ref === 0) {
      this.refusals++;
      return;
    }
    const { elements } = this.model(key);
    if (how === 'instead') elements[index] = element;
    else elements.splice(how === 'behind' ? index + 1 : index, 0, element);
    this.changed(key, ref);
  }

  remove(key: string, element: Buffer, count: number): void {
    const { p, client, removal } = this;
    const from = this.find(key);
    if (from === 0) return;
    client.valueSet(element);
    listRemove(p, client.op, from, count, removal);
    const { elements } = this.model(key);
    const equal = [...elements.keys()].filter((index) => elements[index].equals(element));
    const gone = new Set(count < 0 ? equal.slice(count) : equal.slice(0, count || equal.length));
    expect(removal.removed).toBe(gone.size);
    this.model(key).elements = elements.filter((_, index) => !gone.has(index));
    this.shrunk(key, removal.ref);
  }

  trim(key: string, start: number, kept: number): void {
    const { p, client } = this;
    const from = this.find(key);
    if (from === 0) return;
    const ref = listTrim(p, client.op.key.hash, from, start, kept, NOW_MS);
    this.model(key).elements = this.model(key).elements.slice(start, start + kept);
    this.shrunk(key, ref);
  }

  /** Moves an element from an end of a list to an end of one, maybe the same, that may not be there yet. */
  shift(fromKey: string, fromHead: boolean, toKey: string, toHead: boolean): void {
    const { p, client, move } = this;
    const from = this.find(fromKey);
    if (from === 0) return;
    const to = this.find(toKey);
    const status = listMove(p, from, fromHead, p, client.op, to, toHead, move);
    if (status === STATUS.NO_MEMORY) {
      this.refusals++;
      return;
    }
    const { elements } = this.model(fromKey);
    const element = (fromHead ? elements.shift() : elements.pop()) as Buffer; // it had one
    if (to === 0) this.lists.set(toKey, { elements: [], expiresAtMs: 0, casUnique: 0 });
    if (toHead) this.model(toKey).elements.unshift(element);
    else this.model(toKey).elements.push(element);
    this.shrunk(fromKey, move.fromRef);
    expect(this.find(toKey)).toBe(move.toRef);
    if (toKey !== fromKey) this.changed(toKey, move.toRef);
  }

  touch(key: string, expiresAtMs: number): void {
    const status = this.client.touch(this.p, key, expiresAtMs);
    if (status === STATUS.NO_MEMORY) this.refusals++;
    const model = this.lists.get(key);
    if (model !== undefined && status === STATUS.OK) model.expiresAtMs = expiresAtMs;
  }

  bury(chunks: number): void {
    graveyardWork(this.p, chunks);
  }

  /** Of lists that were evicted the model forgets; all others are as it has them. */
  check(): void {
    const { p } = this;
    partitionExpectSound(p);
    for (const [key, { elements, expiresAtMs, casUnique }] of this.lists) {
      const ref = this.find(key);
      if (ref === 0 && p.evicts) {
        this.losses++;
        this.lists.delete(key);
        continue;
      }
      expect([itemExpiresAtMs(p, ref), itemCasUnique(p, ref)]).toEqual([expiresAtMs, casUnique]);
      this.elementsCheck(ref, elements);
      const form = `${key} ${collectionForm(p, ref) === FORM.PACKED ? 'packed' : 'large'}`;
      this.forms.set(form, (this.forms.get(form) ?? 0) + 1);
    }
  }

  private elementsCheck(ref: number, elements: readonly Buffer[]): void {
    const { p } = this;
    expect(collectionCount(p, ref)).toBe(elements.length);
    const up = elementsFrom(p, ref, 0, true);
    expect(up.length).toBe(elements.length);
    const isSame = up.every((element, index) => element.equals(elements[index]));
    expect(isSame).toBe(true);
    const down = elementsFrom(p, ref, elements.length - 1, false).reverse();
    expect(Buffer.concat(down).equals(Buffer.concat(elements))).toBe(true);
    const cursor = new ListCursor();
    for (const index of [0, elements.length >>> 1, (elements.length * 7) >>> 3]) {
      expect(listSeek(p, ref, index, cursor)).toBe(true);
      const source = Buffer.concat([Buffer.from('-'), elements[index]]);
      expect(listElementEquals(p, cursor, source, 1, source.length - 1)).toBe(true);
      source[source.length - 1] ^= 1;
      if (source.length > 1) {
        expect(listElementEquals(p, cursor, source, 1, source.length - 1)).toBe(false);
      }
    }
    expect(listSeek(p, ref, elements.length, cursor)).toBe(false);
    expect(listSeek(p, ref, -1, cursor)).toBe(false);
  }
}
