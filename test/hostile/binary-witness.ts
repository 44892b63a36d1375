/**
 * As Witness, in the binary protocol: a well-behaved client that knows each of its requests by an opaque,
 * and fails at the first reply that is not the next one due, or not its own.
 */
import { randomBelow, randomMake } from '../../src/base/random.ts';
import { OPCODES, type Packet, requestPacket, STATUSES } from '../support/binary-packet.ts';
import { valueFault, valueMake } from '../support/marked-value.ts';
import { packetTake } from '../support/packet-client.ts';
import { type Address, TextClient } from '../support/text-client.ts';

const KEY_COUNT = 30;
const KEYS_PER_BATCH = 5;
const VALUE_BYTES_MAX = [100, 5000, 60_000] as const;
const STORE_EXTRAS = '\0'.repeat(8);

export class BinaryWitness {
  hits = 0;
  misses = 0;
  readonly #client: TextClient;
  readonly #prefix: string;
  readonly #random: () => number;
  #version = 0;
  #opaque = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(client: TextClient, id: number) {
    this.#client = client;
    this.#prefix = `binary-witness-${id}-`;
    this.#random = randomMake(2000 + id);
    this.#done = this.#run();
    // The failure is reported by stop(); until then nobody may be listening.
    this.#done.catch(() => undefined);
  }

  static async start(address: Address, count: number): Promise<BinaryWitness[]> {
    const clients = await Promise.all(
      Array.from({ length: count }, () => TextClient.open(address)),
    );
    return clients.map((client, id) => new BinaryWitness(client, id));
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
    while (!this.#stopped) await this.#batch();
  }

  /** A quiet store, quiet gets, and a NOOP that ends them. */
  async #batch(): Promise<void> {
    const key = this.#key();
    const bytes = randomBelow(this.#random, VALUE_BYTES_MAX[randomBelow(this.#random, 3)]);
    const value = valueMake(key, this.#version++, bytes).toString('latin1');
    const stored = this.#send('SETQ', key, STORE_EXTRAS, value);
    const asked = new Map<number, string>();
    for (let count = 0; count < KEYS_PER_BATCH; count++) {
      const wanted = this.#key();
      asked.set(this.#send('GETKQ', wanted, '', ''), wanted);
    }
    const end = this.#send('NOOP', '', '', '');
    let found = 0;
    for (;;) {
      const packet = await packetTake(this.#client);
      if (packet.opaque === end) break;
      if (packet.opaque === stored) this.#storeCheck(packet);
      else {
        this.#hitCheck(packet, asked);
        found++;
      }
    }
    this.hits += found;
    this.misses += KEYS_PER_BATCH - found;
  }

  #send(opcode: 'SETQ' | 'GETKQ' | 'NOOP', key: string, extras: string, value: string): number {
    const opaque = this.#opaque++;
    this.#client.send(requestPacket(opcode, { key, extras, value, opaque }));
    return opaque;
  }

  /** A quiet store is answered only if there was no memory for it. */
  #storeCheck({ opcode, status }: Packet): void {
    const isFull = opcode === OPCODES.SETQ && status === STATUSES.NO_MEMORY.code;
    if (!isFull) throw new Error(`opcode ${opcode} of a store is answered with status ${status}`);
  }

  #hitCheck({ opcode, status, opaque, key, value }: Packet, asked: Map<number, string>): void {
    const isDue = opcode === OPCODES.GETKQ && status === 0 && asked.get(opaque) === key;
    if (!isDue) throw new Error(`nobody asked for opcode ${opcode}, status ${status}, key ${key}`);
    // Replies come in the order of the requests: those before it were misses.
    for (const earlier of asked.keys()) if (earlier <= opaque) asked.delete(earlier);
    const fault = valueFault(key, Buffer.from(value, 'latin1'));
    if (fault !== null) throw new Error(`${key}: ${fault}`);
  }

  #key(): string {
    return `${this.#prefix}${randomBelow(this.#random, KEY_COUNT)}`;
  }
}
