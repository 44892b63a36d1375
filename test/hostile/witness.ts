/**
 * A well-behaved client among hostile ones. It stores values that carry their key and checksum, reads
 * them back one by one and many at once, and fails at the first byte that is not its own. A value may
 * be missing, as in any cache, but not always; an answer that does not come is bounded by the client.
 */
import { randomBelow, randomMake } from '../../src/base/random.ts';
import { valueFault, valueMake } from '../support/marked-value.ts';
import { type Address, TextClient } from '../support/text-client.ts';

const KEY_COUNT = 30;
const KEYS_PER_GET = 5;
const VALUE_BYTES_MAX = [100, 5000, 60_000] as const;

export class Witness {
  hits = 0;
  misses = 0;
  readonly #client: TextClient;
  readonly #prefix: string;
  readonly #random: () => number;
  #version = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(client: TextClient, id: number) {
    this.#client = client;
    this.#prefix = `witness-${id}-`;
    this.#random = randomMake(1000 + id);
    this.#done = this.#run();
    // The failure is reported by stop(); until then nobody may be listening.
    this.#done.catch(() => undefined);
  }

  static async start(address: Address, count: number): Promise<Witness[]> {
    const clients = await Promise.all(
      Array.from({ length: count }, () => TextClient.open(address)),
    );
    return clients.map((client, id) => new Witness(client, id));
  }

  /** Rejects with what went wrong, if anything did. */
  async stop(): Promise<void> {
    this.#stopped = true;
    try {
      await this.#done;
    } finally {
      this.#client.destroy();
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#store();
      await this.#fetch();
    }
  }

  async #store(): Promise<void> {
    const key = this.#key();
    const bytes = randomBelow(this.#random, VALUE_BYTES_MAX[randomBelow(this.#random, 3)]);
    const answer = await this.#client.set(key, valueMake(key, this.#version++, bytes));
    const isFull = answer === 'SERVER_ERROR out of memory storing object';
    if (answer !== 'STORED' && !isFull) throw new Error(`set ${key} is answered: ${answer}`);
  }

  async #fetch(): Promise<void> {
    const keys = new Set(Array.from({ length: KEYS_PER_GET }, () => this.#key()));
    this.#client.send(`get ${[...keys].join(' ')}\r\n`);
    let found = 0;
    for (;;) {
      const line = await this.#client.line();
      if (line === 'END') break;
      const key = line.split(' ')[1] ?? '';
      if (!keys.delete(key)) throw new Error(`an answer that nobody asked for: ${line}`);
      const value = await this.#client.getTake(key, line);
      const fault = valueFault(key, value ?? Buffer.alloc(0));
      if (fault !== null) throw new Error(`${key}: ${fault}`);
      found++;
    }
    this.hits += found;
    this.misses += keys.size;
  }

  #key(): string {
    return `${this.#prefix}${randomBelow(this.#random, KEY_COUNT)}`;
  }
}
