/** A client of the binary protocol, for tests that look at single packets. */
import { type Address, TextClient } from './text-client.ts';

const HEADER_BYTES = 24;
const REPLY_MAGIC = 0x81;

/** A request's parts. Each length follows from its part unless it is given. */
export type PacketParts = {
  readonly key?: string;
  readonly extras?: Buffer;
  readonly value?: string | Uint8Array;
  readonly opaque?: number;
  readonly keyBytes?: number;
  readonly bodyBytes?: number;
};

export type PacketReply = {
  readonly opcode: number;
  readonly status: number;
  readonly opaque: number;
  readonly key: string;
  /** As latin1, like all text here. */
  readonly value: string;
};

export function packet(opcode: number, parts: PacketParts = {}): Buffer {
  const { extras = Buffer.alloc(0), opaque = 0 } = parts;
  const key = Buffer.from(parts.key ?? '', 'latin1');
  const value = Buffer.from(parts.value ?? '');
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x80;
  header[1] = opcode;
  header.writeUInt16BE(parts.keyBytes ?? key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(parts.bodyBytes ?? extras.length + key.length + value.length, 8);
  header.writeUInt32BE(opaque, 12);
  return Buffer.concat([header, extras, key, value]);
}

export class BinaryClient {
  readonly bytes: TextClient;

  constructor(bytes: TextClient) {
    this.bytes = bytes;
  }

  static async open(address: Address): Promise<BinaryClient> {
    return new BinaryClient(await TextClient.open(address));
  }

  send(...packets: readonly Buffer[]): void {
    this.bytes.send(Buffer.concat(packets));
  }

  /** The next reply. */
  async reply(): Promise<PacketReply> {
    const header = await this.bytes.take(HEADER_BYTES);
    if (header[0] !== REPLY_MAGIC) throw new Error(`no reply: ${header.toString('hex')}`);
    const keyBytes = header.readUInt16BE(2);
    const extrasBytes = header[4];
    const body = await this.bytes.take(header.readUInt32BE(8));
    return {
      opcode: header[1],
      status: header.readUInt16BE(6),
      opaque: header.readUInt32BE(12),
      key: body.toString('latin1', extrasBytes, extrasBytes + keyBytes),
      value: body.toString('latin1', extrasBytes + keyBytes),
    };
  }

  async replies(count: number): Promise<PacketReply[]> {
    const replies: PacketReply[] = [];
    while (replies.length < count) replies.push(await this.reply());
    return replies;
  }

  /** Sends a request and returns the reply to it. */
  ask(opcode: number, parts: PacketParts = {}): Promise<PacketReply> {
    this.send(packet(opcode, parts));
    return this.reply();
  }

  async stats(): Promise<ReadonlyMap<string, string>> {
    const stats = new Map<string, string>();
    this.send(packet(0x10));
    for (;;) {
      const { key, value } = await this.reply();
      if (key === '') return stats;
      stats.set(key, value);
    }
  }

  /** Whether the server closes without a word more. */
  async isClosed(): Promise<boolean> {
    await this.bytes.closed;
    return this.bytes.take(1).then(
      () => false,
      () => true,
    );
  }

  destroy(): void {
    this.bytes.destroy();
  }
}
