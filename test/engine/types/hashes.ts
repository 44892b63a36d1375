/** Hashes of a partition beside Maps, whose fields have times of their own, for tests. */
import { expect } from 'vitest';
import { Entry, entryName, OUTCOME } from '../../../src/engine/collection/entry.ts';
import {
  EXPIRE_IF,
  EXPIRED,
  hashExpire,
  hashFind,
  hashGet,
  hashRemove,
  hashSet,
  hashSettle,
} from '../../../src/engine/types/hash.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';

type Field = { readonly value: Buffer; readonly expiresAtMs: number };

export class Hashes {
  readonly p: Partition;
  readonly client = new Client();
  readonly models = new Map<string, Map<string, Field>>();
  readonly entry = new Entry(Buffer.alloc(0));
  refusals = 0;

  constructor(p: Partition) {
    this.p = p;
  }

  /** The hash's item. Of one that is gone the model forgets. */
  find(key: string): number {
    this.client.keySet(key);
    const ref = hashFind(this.p, this.client.op);
    if (ref === 0) this.models.delete(key);
    return ref;
  }

  private name(field: string): Entry {
    entryName(this.entry, Buffer.from(field), 0, field.length);
    return this.entry;
  }

  set(key: string, field: string, value: Buffer): void {
    const { p, client, entry } = this;
    const ref = this.find(key);
    client.valueSet(value);
    const to = hashSet(p, client.op, ref, this.name(field));
    if (entry.outcome === OUTCOME.NO_MEMORY) {
      this.refusals++;
    } else {
      const model = this.models.get(key) ?? new Map<string, Field>();
      this.models.set(key, model.set(field, { value, expiresAtMs: 0 }));
    }
    if (to !== 0) hashSettle(p, client.op, to);
  }

  expire(key: string, field: string, expiresAtMs: number): void {
    const { p, client, entry } = this;
    const ref = this.find(key);
    if (ref === 0) return;
    client.op.expiresAtMs = expiresAtMs;
    const to = hashExpire(p, client.op, ref, this.name(field), EXPIRE_IF.ALWAYS);
    const model = this.models.get(key);
    const known = model?.get(field);
    if (entry.outcome === EXPIRED.SET && known) model?.set(field, { ...known, expiresAtMs });
    if (entry.outcome === EXPIRED.DELETED) model?.delete(field);
    if (entry.outcome === EXPIRED.NO_MEMORY) this.refusals++;
    hashSettle(p, client.op, to);
  }

  remove(key: string, field: string): void {
    const ref = this.find(key);
    if (ref === 0) return;
    hashSettle(this.p, this.client.op, hashRemove(this.p, this.client.op, ref, this.name(field)));
    this.models.get(key)?.delete(field);
  }

  /** What the hash has is what it should have. */
  expectFields(key: string): void {
    const { p, client, entry } = this;
    const ref = this.find(key);
    if (ref === 0) return;
    for (const [field, { value, expiresAtMs }] of this.models.get(key) ?? []) {
      const isAlive = expiresAtMs === 0 || expiresAtMs > client.op.nowMs;
      expect(hashGet(p, client.op, ref, this.name(field)), `${key} ${field}`).toBe(isAlive);
      if (!isAlive) continue;
      const found = p.u8.subarray(entry.valueStart, entry.valueStart + entry.valueBytes);
      expect(found.equals(value)).toBe(true);
      expect(entry.expiresAtMs).toBe(expiresAtMs);
    }
  }
}
