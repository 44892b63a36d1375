/**
 * A thread's table of tracked keys: which of its clients may have a copy of which key, and which want to hear of
 * all keys with a prefix.
 *
 *   keys       0:user:7 ──▶ clients 12, 15            prefixes   user: ──▶ clients 20; changed: user:7, by 12
 *              3:cart   ──▶ client 12
 *
 * A client of a key is told once, and then has to read it again to be told again. One that leaves is not searched
 * for: its entries go with their keys, or in slices when nobody else is left (trackingRest).
 *
 * Guard: none; it belongs to its thread. But each entry is counted where all threads see it (memory/tracked-keys.ts).
 */
import { type TrackedKeys, trackedCountAdd } from '../../../memory/tracked-keys.ts';
import type { RespSession } from '../session.ts';

type KeyEntry = {
  readonly partition: number;
  readonly hash: number;
  /** Ids of clients. */
  readonly clients: Set<number>;
};

export type Prefix = {
  readonly text: string;
  readonly clients: Set<RespSession>;
  /** Keys that have changed since that was told last, and the client that did it; 0: none did. */
  readonly changed: Map<string, number>;
};

export class TrackingTable {
  private readonly tracked: TrackedKeys;
  private readonly keys = new Map<string, KeyEntry>();
  readonly prefixes = new Map<string, Prefix>();
  /** All that track, broadcast or not. */
  readonly clients = new Set<RespSession>();
  /** Pairs of key and client. */
  itemCount = 0;
  /** Keys that all threads together may have in their tables; 0: as many as they like. */
  keyCountMax = 0;
  /** Of each partition, up to where its ring has been read. */
  readonly positions: Int32Array;
  /** The thread reads the rings: it has clients, or had some whose keys are not all forgotten. */
  isActive = false;
  /** The bell has rung, and the rings were not read since. */
  isRung = false;
  /** Keys with a prefix have changed, and nobody was told. */
  hasChanged = false;
  /** The last flush of each thread that has been told of. */
  readonly flushes = new Map<number, number>();
  /** A command is about to run: what the running client is told goes before its reply. */
  speaksFirst = false;
  /** What clients on other threads are to be told. */
  readonly outgoing: Outgoing[] = [];

  constructor(tracked: TrackedKeys, partitionCount: number) {
    this.tracked = tracked;
    this.positions = new Int32Array(partitionCount);
  }

  /** Something was gathered for clients. */
  get hasUnsent(): boolean {
    return this.hasChanged || this.outgoing.length > 0;
  }

  get keyCount(): number {
    return this.keys.size;
  }

  /** The client may have a copy. The partition's lock is held. */
  remember(name: string, partition: number, hash: number, client: number): void {
    let entry = this.keys.get(name);
    if (entry === undefined) {
      entry = { partition, hash, clients: new Set() };
      this.keys.set(name, entry);
      trackedCountAdd(this.tracked, partition, hash, 1);
    }
    if (entry.clients.has(client)) return;
    entry.clients.add(client);
    this.itemCount++;
  }

  /** Takes out a key. Returns the ids of who may have a copy of it. */
  take(name: string): ReadonlySet<number> {
    const entry = this.keys.get(name);
    if (entry === undefined) return NOBODY;
    this.keys.delete(name);
    this.itemCount -= entry.clients.size;
    trackedCountAdd(this.tracked, entry.partition, entry.hash, -1);
    return entry.clients;
  }

  /** The key that has been in the table for longest, or null. */
  oldest(): string | null {
    return this.keys.keys().next().value ?? null;
  }

  /** Names of the keys of a partition. */
  namesOf(partition: number): string[] {
    const names: string[] = [];
    for (const [name, entry] of this.keys) if (entry.partition === partition) names.push(name);
    return names;
  }

  /** Forgets up to so many keys, whoever has them. */
  forget(countMax: number): void {
    for (let left = countMax; left > 0; left--) {
      const name = this.oldest();
      if (name === null) return;
      this.take(name);
    }
  }

  prefixAdd(text: string, session: RespSession): void {
    let prefix = this.prefixes.get(text);
    if (prefix === undefined) {
      prefix = { text, clients: new Set(), changed: new Map() };
      this.prefixes.set(text, prefix);
    }
    prefix.clients.add(session);
  }

  prefixRemove(text: string, session: RespSession): void {
    const prefix = this.prefixes.get(text);
    if (prefix === undefined) return;
    prefix.clients.delete(session);
    if (prefix.clients.size === 0) this.prefixes.delete(text);
  }

  /** A key has changed; client 0: by itself. */
  change(key: string, client: number): void {
    for (const { text, changed } of this.prefixes.values()) {
      if (!key.startsWith(text)) continue;
      changed.set(key, client);
      this.hasChanged = true;
    }
  }
}

const NOBODY: ReadonlySet<number> = new Set();

/** What a client on another thread is to be told; keys null: all. */
export type Outgoing = { readonly to: number; readonly keys: readonly string[] | null };

/** What a key is called in the table. */
export function trackedName(namespace: number, key: string): string {
  return `${namespace}:${key}`;
}

/** The key of a name. */
export function trackedKey(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
