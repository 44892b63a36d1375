/**
 * Who is subscribed to what: this thread's clients one by one, those of other threads by their number. Each
 * thread has the same registry, kept by notices (bulletin.ts), so it can say of itself how many will
 * receive a message.
 *
 *   topic `news` ──▶ sessions of this thread: 2      thread 0: 1      thread 3: 7     = 10 receivers
 *
 * Guard: none; it belongs to its thread.
 */
import { assert } from '../../../base/assert.ts';
import type { RespSession } from '../session.ts';

/** What a client can be subscribed to. */
export const TOPIC = { CHANNEL: 0, PATTERN: 1, SHARD: 2 } as const;
export type TopicKind = (typeof TOPIC)[keyof typeof TOPIC];

/** A channel or pattern that somebody is subscribed to. */
export class Topic {
  /** One character a byte. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Subscribers on this thread, in the order of their coming. */
  readonly local = new Set<RespSession>();
  remoteCount = 0;
  /** Of a channel: what its messages begin with, once there was one (pubsub-message.ts). */
  messageHead: Buffer | null = null;
  /** How many of those on which thread; null: none yet. */
  private remote: Map<number, number> | null = null;

  constructor(name: string) {
    this.name = name;
    this.bytes = Buffer.from(name, 'latin1');
  }

  get count(): number {
    return this.local.size + this.remoteCount;
  }

  remoteSet(thread: number, count: number): void {
    this.remote ??= new Map();
    this.remoteCount += count - (this.remote.get(thread) ?? 0);
    if (count === 0) this.remote.delete(thread);
    else this.remote.set(thread, count);
  }
}

/** Names and how many subscribers a thread has: what threads tell each other. */
export type TopicCounts = { readonly names: readonly string[]; readonly counts: readonly number[] };

/** The topics of one kind. */
export class Topics {
  private readonly byName = new Map<string, Topic>();
  /** Names whose number of local subscribers the other threads do not know yet. */
  private readonly changed = new Set<string>();

  get size(): number {
    return this.byName.size;
  }

  /** Whether there is something to tell the other threads. */
  get hasChanged(): boolean {
    return this.changed.size > 0;
  }

  find(name: string): Topic | undefined {
    return this.byName.get(name);
  }

  all(): IterableIterator<Topic> {
    return this.byName.values();
  }

  /** A session that is not subscribed yet. */
  add(name: string, session: RespSession): void {
    this.obtain(name).local.add(session);
    this.changed.add(name);
  }

  /** A session that is. */
  remove(name: string, session: RespSession): void {
    const topic = this.byName.get(name);
    assert(topic?.local.delete(session) === true, 'the registry knows who is subscribed');
    this.changed.add(name);
    this.drop(topic);
  }

  /** What has changed since it was last asked for. */
  changesTake(): TopicCounts {
    const names = [...this.changed];
    this.changed.clear();
    return { names, counts: names.map((name) => this.byName.get(name)?.local.size ?? 0) };
  }

  /** All that the other threads have to know of this one. */
  tell(): TopicCounts {
    const topics = [...this.all()].filter(({ local }) => local.size > 0);
    return { names: topics.map(({ name }) => name), counts: topics.map(({ local }) => local.size) };
  }

  /** What another thread has told: numbers, not differences, so it may say them twice. */
  hear(thread: number, { names, counts }: TopicCounts): void {
    names.forEach((name, at) => {
      const topic = this.obtain(name);
      topic.remoteSet(thread, counts[at]);
      this.drop(topic);
    });
  }

  /** The thread has no clients any more. */
  forget(thread: number): void {
    for (const topic of [...this.all()]) {
      topic.remoteSet(thread, 0);
      this.drop(topic);
    }
  }

  private obtain(name: string): Topic {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const topic = new Topic(name);
    this.byName.set(name, topic);
    return topic;
  }

  private drop(topic: Topic): void {
    if (topic.count === 0) this.byName.delete(topic.name);
  }
}
