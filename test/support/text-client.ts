/**
 * A client of the text protocol that works on bytes, for tests that check values of any length. One
 * request at a time: what has arrived is kept until it is taken. A clock only bounds the wait for a
 * failure, and starts again with every byte.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';

const SILENCE_MS_MAX = 20_000;
const LF = 0x0a;

export type Address = NetConnectOpts;

export class TextClient {
  readonly socket: Socket;
  /** Resolves when the server has closed its side, or the connection is gone. */
  readonly closed: Promise<void>;
  #chunks: Buffer[] = [];
  #byteCount = 0;
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#byteCount += chunk.length;
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      const close = (): void => {
        this.#isClosed = true;
        this.#wake?.();
        resolve();
      };
      socket.on('end', close);
      socket.on('close', close);
      socket.on('error', close); // a reset is a close too
    });
  }

  /** Rejects when the connection is refused. */
  static open(address: Address): Promise<TextClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new TextClient(socket));
      });
    });
  }

  send(bytes: string | Buffer): void {
    if (this.socket.destroyed) return;
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next line, without its ending. */
  async line(): Promise<string> {
    let searched = 0;
    for (;;) {
      const bytes = this.#merged();
      const at = bytes.indexOf(LF, searched);
      if (at >= 0) {
        const line = (await this.take(at + 1)).toString('latin1');
        return line.replace(/\r?\n$/, '');
      }
      searched = bytes.length;
      await this.#more(`a line; so far: ${bytes.toString('latin1', 0, 200)}`);
    }
  }

  /** The next `byteCount` bytes. */
  async take(byteCount: number): Promise<Buffer> {
    while (this.#byteCount < byteCount) {
      await this.#more(`${byteCount} bytes; so far: ${this.#byteCount}`);
    }
    const bytes = this.#merged();
    this.#chunks = [bytes.subarray(byteCount)];
    this.#byteCount -= byteCount;
    return bytes.subarray(0, byteCount);
  }

  /** Sends a request and returns the line that answers it. */
  ask(request: string | Buffer): Promise<string> {
    this.send(request);
    return this.line();
  }

  async set(key: string, value: Buffer, exptime = 0, verb = 'set'): Promise<string> {
    this.send(`${verb} ${key} 0 ${exptime} ${value.length}\r\n`);
    this.send(value);
    return this.ask('\r\n');
  }

  /** The value of a key; null when it is missing. */
  async get(key: string): Promise<Buffer | null> {
    const value = await this.getTake(key, await this.ask(`get ${key}\r\n`));
    if (value !== null) await this.#expect('END');
    return value;
  }

  /** The value that the line announces; null when the line is END. */
  async getTake(key: string, line: string): Promise<Buffer | null> {
    if (line === 'END') return null;
    const [word, name, , length] = line.split(' ');
    if (word !== 'VALUE' || name !== key) throw new Error(`a get of ${key} is answered: ${line}`);
    const value = await this.take(Number(length));
    await this.#expect('');
    return value;
  }

  async stats(section = ''): Promise<ReadonlyMap<string, string>> {
    const stats = new Map<string, string>();
    this.send(section === '' ? 'stats\r\n' : `stats ${section}\r\n`);
    for (;;) {
      const line = await this.line();
      if (line === 'END') return stats;
      const [, name, value] = /^STAT (\S+) (.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`stats answers: ${line}`);
      stats.set(name, value);
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #expect(expected: string): Promise<void> {
    const line = await this.line();
    if (line !== expected) throw new Error(`expected ${JSON.stringify(expected)}, got ${line}`);
  }

  #merged(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  /** Resolves when more has arrived; rejects when nothing more will, or nothing does. */
  async #more(awaited: string): Promise<void> {
    const before = this.#byteCount;
    await new Promise<void>((resolve) => {
      if (this.#isClosed) return resolve();
      const bound = setTimeout(resolve, SILENCE_MS_MAX);
      this.#wake = () => {
        clearTimeout(bound);
        resolve();
      };
    });
    this.#wake = null;
    if (this.#byteCount > before) return;
    throw new Error(`the server ${this.#isClosed ? 'closed' : 'is silent'}, awaited: ${awaited}`);
  }
}

/** Connects, works, and lets go of the connection. */
export async function clientUse<Result>(
  address: Address,
  work: (client: TextClient) => Promise<Result>,
): Promise<Result> {
  const client = await TextClient.open(address);
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

/**
 * Asks again until the answer is as it should be. For what the server does on its own, such as noticing
 * that a client is gone; the clock only bounds the wait for a failure.
 */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer> | Answer,
  isRight: (answer: Answer) => boolean,
  msMax = SILENCE_MS_MAX,
): Promise<Answer> {
  const deadline = Date.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${what} never came; the last answer: ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
