/**
 * Who waits for which keys, in the order of their arrival over all threads: each thread's copy of the one
 * registry (waits.ts).
 *
 * Guard: none; it belongs to its thread.
 */
import type { Arguments } from '../../protocol/resp/arguments.ts';

/** What threads tell each other of a wait, but for the command's arguments. */
export type WaitFields = {
  /** Drawn from one counter under the locks of its keys: its place in line. Never 0, and below 2^31. */
  readonly token: number;
  /** i32 index of the client's connection record, where the token lies while it waits. */
  readonly record: number;
  readonly clientId: number;
  /** The client's thread. */
  readonly thread: number;
  readonly database: number;
  /** The name of its user. */
  readonly user: string;
  readonly resp: 2 | 3;
  readonly commandNumber: number;
  /** Keys as waitName calls them; none, if the client waits for time to pass. */
  readonly names: readonly string[];
  /**
   * The consumer group for whose entries the client waits, or null. Those of one group get them in turn, and are
   * told when it goes.
   */
  readonly readerGroup: string | null;
  /** Microseconds that the command ran before it waited. */
  readonly ranUs: number;
  /** Whether time can be up. */
  readonly isTimed: boolean;
  /** What it gets then: a whole reply. */
  readonly endReply: string;
};

export class Wait {
  readonly fields: WaitFields;
  readonly args: Arguments;
  /** While it is tried: it got what it waits for. */
  isServed = false;
  /** … or an error, since its user may not run the command any more: it is served by that. */
  isRefused = false;
  /** On the client's own thread: no reply is wanted (CLIENT REPLY). */
  isSilent = false;
  /** … likewise: what is for the client once it has its reply. */
  readonly behindReply: Buffer[] = [];
  timer: NodeJS.Timeout | null = null;

  constructor(fields: WaitFields, args: Arguments) {
    this.fields = fields;
    this.args = args;
  }
}

/** How a key is called in the registry. */
export function waitName(database: number, key: string): string {
  return `${database}:${key}`;
}

/** Whether `token` was drawn before `other`; the counter goes round. */
function isBefore(token: number, other: number): boolean {
  return (token - other) << 1 < 0;
}

/** Who waits for one key, first come first. Entries may be struck while it is gone through. */
class WaitQueue {
  private byToken = new Map<number, Wait>();
  private last = 0;

  get size(): number {
    return this.byToken.size;
  }

  add(wait: Wait): void {
    const { token } = wait.fields;
    const isLast = this.size === 0 || isBefore(this.last, token);
    this.byToken.set(token, wait);
    if (isLast) this.last = token;
    else this.sort(); // notices of two threads came the other way round
  }

  delete(token: number): void {
    this.byToken.delete(token);
  }

  values(): IterableIterator<Wait> {
    return this.byToken.values();
  }

  private sort(): void {
    const waits = [...this.byToken].sort(([a], [b]) => (isBefore(a, b) ? -1 : 1));
    this.byToken = new Map(waits);
  }
}

export class WaitRegistry {
  private readonly byName = new Map<string, WaitQueue>();
  private readonly byClient = new Map<number, Wait>();

  add(wait: Wait): void {
    this.byClient.set(wait.fields.clientId, wait);
    for (const name of wait.fields.names) {
      let queue = this.byName.get(name);
      if (queue === undefined) {
        queue = new WaitQueue();
        this.byName.set(name, queue);
      }
      queue.add(wait);
    }
  }

  /** Null: there is no such wait, or not any more. */
  remove(clientId: number, token: number): Wait | null {
    const wait = this.byClient.get(clientId);
    if (wait === undefined || wait.fields.token !== token) return null;
    this.byClient.delete(clientId);
    for (const name of wait.fields.names) {
      const queue = this.byName.get(name);
      queue?.delete(token);
      if (queue?.size === 0) this.byName.delete(name);
    }
    return wait;
  }

  /** Who waits for a key, first come first. */
  queue(name: string): Iterable<Wait> {
    return this.byName.get(name)?.values() ?? [];
  }

  ofClient(clientId: number): Wait | null {
    return this.byClient.get(clientId) ?? null;
  }

  all(): IterableIterator<Wait> {
    return this.byClient.values();
  }

  /** Names of all keys that are waited for in a database. */
  names(database: number): string[] {
    return [...this.byName.keys()].filter((name) => name.startsWith(`${database}:`));
  }

  get clientCount(): number {
    return this.byClient.size;
  }

  /** Those of them that end by themselves. */
  get timedCount(): number {
    let count = 0;
    for (const { fields } of this.byClient.values()) if (fields.isTimed) count++;
    return count;
  }

  get keyCount(): number {
    return this.byName.size;
  }

  /** Keys for which somebody waits who is told when they go. */
  get neededKeyCount(): number {
    let count = 0;
    for (const queue of this.byName.values()) {
      for (const { fields } of queue.values()) {
        if (fields.readerGroup === null) continue;
        count++;
        break;
      }
    }
    return count;
  }
}
