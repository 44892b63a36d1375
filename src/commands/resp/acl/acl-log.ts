/**
 * The ACL log: what was refused, and failed logins, the latest first. What happens again within a minute
 * is counted where it stands. Every thread has a copy of all of it; what is new on one is told to
 * the others once a batch, so that a client which does nothing but what it may not cannot flood them.
 *
 * Guard: none; it belongs to its thread.
 */

import type { Account } from '../bulletin.ts';
import { REFUSED } from './acl-check.ts';

const AGAIN_MS_MAX = 60_000;
/** So many of the latest entries are looked at for one that is the same. */
const LOOK_COUNT_MAX = 10;

export type AclContext = 'toplevel' | 'multi' | 'lua' | 'module';

export const REASON_NAMES: Readonly<Record<number, string>> = {
  [REFUSED.COMMAND]: 'command',
  [REFUSED.KEY]: 'key',
  [REFUSED.AUTH]: 'auth',
  [REFUSED.CHANNEL]: 'channel',
};

/** What was refused, to whom and where. */
export type AclEvent = {
  readonly reason: number;
  readonly context: AclContext;
  readonly object: string;
  readonly user: string;
  readonly atMs: number;
  /** The client, as CLIENT LIST has it. */
  readonly client: string;
};

export type AclEntry = {
  readonly id: number;
  readonly event: AclEvent;
  readonly createdAtMs: number;
  readonly count: number;
};

export class AclLog implements Account {
  private readonly entries: AclEntry[] = [];
  /** What the others have not been told, by id. */
  private readonly news = new Map<number, AclEntry>();

  /** Counts the event, in an entry that it belongs to or in one of its own, whose id `idDraw` gives. */
  note(event: AclEvent, countMax: number, idDraw: () => number): void {
    const same = this.entries.slice(0, LOOK_COUNT_MAX).find((one) => isSame(one.event, event));
    const createdAtMs = same?.createdAtMs ?? event.atMs;
    const entry: AclEntry = { id: same?.id ?? idDraw(), event, createdAtMs, count: 1 };
    this.add(entry, countMax);
    this.news.set(entry.id, { ...entry, count: (this.news.get(entry.id)?.count ?? 0) + 1 });
    if (this.news.size > countMax) this.news.delete(this.news.keys().next().value ?? 0);
  }

  /** Adds what `count` says to the entry of that id, which becomes the latest. */
  add(entry: AclEntry, countMax: number): void {
    const at = this.entries.findIndex(({ id }) => id === entry.id);
    const known = at < 0 ? [] : this.entries.splice(at, 1);
    const count = (known[0]?.count ?? 0) + entry.count;
    this.entries.unshift({ ...entry, count });
    if (this.entries.length > countMax) this.entries.length = countMax;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  get hasNews(): boolean {
    return this.news.size > 0;
  }

  newsTake(): readonly AclEntry[] {
    const news = [...this.news.values()];
    this.news.clear();
    return news;
  }

  /** The latest ones. */
  latest(count: number): readonly AclEntry[] {
    return this.entries.slice(0, count);
  }

  clear(): void {
    this.entries.length = 0;
    this.news.clear();
  }

  // ── For a thread that starts ──

  tell(): readonly AclEntry[] {
    return this.entries;
  }

  hear(_thread: number, told: unknown): void {
    // Only `tell` above wrote it.
    for (const entry of told as readonly AclEntry[]) {
      if (!this.entries.some(({ id }) => id === entry.id)) this.entries.push(entry);
    }
    this.entries.sort((a, b) => b.event.atMs - a.event.atMs);
  }

  forget(): void {
    // What was refused was refused, whoever did it.
  }
}

function isSame(one: AclEvent, other: AclEvent): boolean {
  return (
    one.reason === other.reason &&
    one.context === other.context &&
    one.object === other.object &&
    one.user === other.user &&
    Math.abs(one.atMs - other.atMs) <= AGAIN_MS_MAX
  );
}
