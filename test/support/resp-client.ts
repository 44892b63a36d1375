/**
 * A plain RESP client for tests: sends what it is told, reads replies of RESP2 and RESP3 as they are, with
 * their types. It knows no commands.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** A reply: what a client would show. Errors are values here; strings have one character a byte. */
export type RespReply =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly RespReply[]
  | RespError
  | RespSimple
  | RespTyped;

/** `-text` */
export class RespError {
  readonly error: string;

  constructor(error: string) {
    this.error = error;
  }
}

/** `+text` */
export class RespSimple {
  readonly simple: string;

  constructor(simple: string) {
    this.simple = simple;
  }
}

/** What only RESP3 has, and that is no array, string or number: `map`, `set`, `push`, `double` … */
export class RespTyped {
  readonly type: string;
  readonly value: RespReply;

  constructor(type: string, value: RespReply) {
    this.type = type;
    this.value = value;
  }
}

const REPLY_MS_MAX = 20_000;

/** Reads replies off bytes that arrive in pieces. */
export class RespReader {
  private text = '';
  private at = 0;

  push(bytes: Buffer): void {
    this.text = this.text.slice(this.at) + bytes.toString('latin1');
    this.at = 0;
  }

  /** The next reply, or undefined while it is not there whole. */
  next(): RespReply | undefined {
    const { at } = this;
    try {
      return this.reply();
    } catch (error) {
      if (error !== INCOMPLETE) throw error;
      this.at = at;
      return undefined;
    }
  }

  private line(): string {
    const end = this.text.indexOf('\r\n', this.at);
    if (end < 0) throw INCOMPLETE;
    const line = this.text.slice(this.at, end);
    this.at = end + 2;
    return line;
  }

  private bulk(bytes: number): string {
    if (this.text.length < this.at + bytes + 2) throw INCOMPLETE;
    const value = this.text.slice(this.at, this.at + bytes);
    this.at += bytes + 2;
    return value;
  }

  private many(count: number): RespReply[] {
    return Array.from({ length: count }, () => this.reply());
  }

  private reply(): RespReply {
    const line = this.line();
    const rest = line.slice(1);
    const count = Number(rest);
    switch (line[0]) {
      case '+':
        return new RespSimple(rest);
      case '-':
        return new RespError(rest);
      case ':':
        return Number.isSafeInteger(count) ? count : BigInt(rest);
      case '$':
        return count < 0 ? null : this.bulk(count);
      case '*':
        return count < 0 ? null : this.many(count);
      case '_':
        return null;
      case '#':
        return rest === 't';
      case ',':
        return new RespTyped('double', rest);
      case '(':
        return new RespTyped('big', rest);
      case '=':
        return new RespTyped('verbatim', this.bulk(count));
      case '%':
        return new RespTyped('map', this.many(count * 2));
      case '~':
        return new RespTyped('set', this.many(count));
      case '>':
        return new RespTyped('push', this.many(count));
      case '|':
        return new RespTyped('attribute', [this.many(count * 2), this.reply()]);
      default:
        throw new Error(`no reply starts like this: ${JSON.stringify(line.slice(0, 40))}`);
    }
  }
}

const INCOMPLETE = new Error('incomplete');

/** A request as clients send it. */
export function respRequest(words: readonly (string | number)[]): Buffer {
  const parts = words.map((word) => `$${`${word}`.length}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'latin1');
}

export class RespClient {
  readonly socket: Socket;
  private readonly reader = new RespReader();
  private readonly arrived: RespReply[] = [];
  private wake: (() => void) | null = null;
  closed = false;

  constructor(address: NetConnectOpts) {
    this.socket = connect(address);
    this.socket.setNoDelay(true);
    this.socket.on('data', (bytes: Buffer) => {
      this.reader.push(bytes);
      for (let next = this.reader.next(); next !== undefined; next = this.reader.next()) {
        this.arrived.push(next);
      }
      this.wake?.();
    });
    for (const event of ['end', 'close', 'error']) {
      this.socket.on(event, () => {
        this.closed = true;
        this.wake?.();
      });
    }
  }

  write(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends one request and does not wait. */
  send(...words: readonly (string | number)[]): void {
    this.write(respRequest(words));
  }

  /** The next reply that arrives, or has arrived. */
  async read(): Promise<RespReply> {
    const deadline = Date.now() + REPLY_MS_MAX;
    while (this.arrived.length === 0) {
      if (this.closed) throw new Error('the server has closed the connection');
      if (Date.now() > deadline) throw new Error('no reply came');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = null;
    }
    return this.arrived.shift() as RespReply; // the loop saw that there is one
  }

  /** Sends one request and reads one reply. */
  call(...words: readonly (string | number)[]): Promise<RespReply> {
    this.send(...words);
    return this.read();
  }

  /** Replies that have arrived and were not read. */
  get unread(): number {
    return this.arrived.length;
  }

  end(): void {
    this.socket.destroy();
  }
}
