/**
 * A RESP request that arrives in many reads, gathered in a buffer of its own together with what came behind
 * it. Its parser goes through it once, however many reads it takes.
 *
 * Guard: none; it belongs to its connection.
 */
import { RequestParser, requestForget } from '../protocol/resp/request-parser.ts';

const BYTES_MIN = 65536;
/** What is left is moved to the front of the buffer once so much before it is used up. */
const SLACK_BYTES = 1 << 20;
const LINE_END_BYTES = 2;

export class Gather {
  buffer: Buffer;
  start = 0;
  used: number;
  readonly parser: RequestParser;

  constructor(first: Buffer) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(BYTES_MIN, first.length * 2));
    first.copy(this.buffer);
    this.used = first.length;
    this.parser = new RequestParser(this.buffer);
  }

  append(source: Buffer, bytes: number): void {
    if (this.start > SLACK_BYTES && this.start > this.used / 2) this.compact();
    if (this.used + bytes > this.buffer.length) this.grow(this.used + bytes);
    source.copy(this.buffer, this.used, 0, bytes);
    this.used += bytes;
  }

  /** Moves what is left to the front; the parser goes through it again. */
  private compact(): void {
    this.buffer.copyWithin(0, this.start, this.used);
    this.used -= this.start;
    this.start = 0;
    requestForget(this.parser);
  }

  /** Of the request: where what its parser has not taken yet starts. */
  get pendingStart(): number {
    return this.parser.left < 0 ? this.start : this.parser.at;
  }

  /** To twice the size, or to what the argument in hand will need if that is less. */
  private grow(bytesMin: number): void {
    const { at, bulkBytes, left } = this.parser;
    const doubled = this.buffer.length * 2;
    const needed = left < 0 || bulkBytes < 0 ? doubled : at + bulkBytes + LINE_END_BYTES;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytesMin, Math.min(doubled, needed)));
    this.buffer.copy(larger, 0, 0, this.used);
    this.buffer = larger;
    this.parser.args.source = larger;
  }
}
