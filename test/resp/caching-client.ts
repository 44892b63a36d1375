/**
 * A client of RESP3 with a cache of its own, as client libraries have: what it has read it keeps, until it hears
 * that the key has changed. Whatever comes is taken in the order in which it arrives.
 */
import { type RespClient, type RespReply, RespTyped } from '../support/resp-client.ts';

export class CachingClient {
  readonly client: RespClient;
  readonly cache = new Map<string, RespReply>();
  /** Keys of which a newer value came than the one in the cache, unannounced. */
  readonly surprises: string[] = [];
  invalidations = 0;

  constructor(client: RespClient) {
    this.client = client;
  }

  async start(...options: readonly string[]): Promise<void> {
    await this.client.call('hello', '3');
    await this.client.call('client', 'tracking', 'on', ...options);
  }

  /** Reads the key from the server, whether it is in the cache or not. */
  async fetch(key: string): Promise<RespReply> {
    const value = await this.call('get', key);
    const cached = this.cache.get(key);
    this.cache.set(key, value);
    if (cached !== undefined && cached !== value) {
      // Of a key that its own command finds expired a client hears behind the reply, as with Redis.
      if (value !== null || !(await this.hears(key))) {
        this.surprises.push(`${key}: ${cached}, ${value}`);
      }
    }
    return value;
  }

  async call(...words: readonly string[]): Promise<RespReply> {
    this.client.send(...words);
    for (;;) {
      const reply = await this.client.read();
      if (!(reply instanceof RespTyped) || reply.type !== 'push') return reply;
      this.hear(reply.value as readonly RespReply[]);
    }
  }

  /** Whether the next thing that comes, before another reply, is that the key has changed. */
  private async hears(key: string): Promise<boolean> {
    await this.call('ping');
    return !this.cache.has(key);
  }

  private hear([word, keys]: readonly RespReply[]): void {
    if (word !== 'invalidate') throw new Error(`a push of another kind: ${String(word)}`);
    this.invalidations++;
    if (keys === null) this.cache.clear();
    else for (const key of keys as readonly string[]) this.cache.delete(key);
  }
}
