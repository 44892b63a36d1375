/**
 * A message on its way from who publishes it to all who are subscribed, on this thread and on the others.
 *
 * Its bytes are made once for each version of RESP and thread, whatever the number of subscribers. For the
 * other threads it goes into the outbox, which is posted when the batch is done and before its replies leave; so
 * the messages of one publisher stay in order, and whoever has seen the reply to a PUBLISH may count
 * on it that every later request, on any thread, comes after the message.
 */
import { decimalWrite } from '../../../base/decimal.ts';
import { globMatches } from '../../../base/glob.ts';
import { bytesCopy } from '../../../memory/bytes.ts';
import type { Bulletin } from '../bulletin.ts';
import type { RespCall } from '../call.ts';
import type { RespSession } from '../session.ts';
import { TOPIC, type Topic, Topics } from './pubsub-registry.ts';

const STAR_SIGN = 0x2a;
const PUSH_SIGN = 0x3e;
/** Digits of a length, at most. */
const LENGTH_BYTES_MAX = 16;
const CRLF = '\r\n';

/** Channels and shard channels: what is published to. Patterns are only listened with. */
export type ChannelKind = typeof TOPIC.CHANNEL | typeof TOPIC.SHARD;

/** A message as one kind of subscriber gets it; its bytes are made when the first one does. */
class Encoded {
  private readonly head: Buffer;
  private readonly payload: Buffer;
  private resp2: Buffer | null = null;
  private resp3: Buffer | null = null;

  /** `head` is what headOf has made. */
  constructor(head: Buffer, payload: Buffer) {
    this.head = head;
    this.payload = payload;
  }

  bytes(resp: 2 | 3): Buffer {
    if (resp === 2) {
      this.resp2 ??= this.encode(STAR_SIGN);
      return this.resp2;
    }
    this.resp3 ??= this.encode(PUSH_SIGN);
    return this.resp3;
  }

  private encode(sign: number): Buffer {
    const { head, payload } = this;
    const bytes = Buffer.allocUnsafe(head.length + LENGTH_BYTES_MAX + payload.length + 4);
    bytesCopy(head, 0, bytes, 0, head.length);
    bytes[0] = sign;
    let end = lineEnd(bytes, decimalWrite(bytes, head.length, payload.length));
    bytesCopy(payload, 0, bytes, end, payload.length);
    end = lineEnd(bytes, end + payload.length);
    return bytes.subarray(0, end);
  }
}

function lineEnd(bytes: Buffer, at: number): number {
  bytes[at] = 0x0d;
  bytes[at + 1] = 0x0a;
  return at + 2;
}

/** A message up to the length of its payload: `*3 $7 message $4 news $`. */
function headOf(words: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${words.length + 1}${CRLF}`)];
  for (const word of words) {
    pieces.push(Buffer.from(`$${word.length}${CRLF}`), word, Buffer.from(CRLF));
  }
  return Buffer.concat([...pieces, Buffer.from('$')]);
}

const WORDS = {
  [TOPIC.CHANNEL]: Buffer.from('message'),
  [TOPIC.SHARD]: Buffer.from('smessage'),
} as const;
const PATTERN_WORD = Buffer.from('pmessage');

/**
 * Messages for other threads, gathered:
 *
 *   heads   kind, bytes of the channel, bytes of the payload; kind …
 *   bytes   channel, payload, channel, payload …
 */
export type MessageBatch = { readonly heads: Int32Array; readonly bytes: Uint8Array };

const OUTBOX_BYTES_MIN = 4096;
/** Beyond this the outbox is posted before the batch is done. */
const OUTBOX_BYTES_MAX = 1 << 20;
/** From here on the bytes are shared by all threads that get them instead of copied for each. */
const SHARED_BYTES_MIN = 32768;
/** What a message weighs beside its bytes. */
const MESSAGE_WEIGHT = 128;

export class Outbox {
  private room: Buffer = Buffer.allocUnsafeSlow(OUTBOX_BYTES_MIN);
  private used = 0;
  private heads: number[] = [];

  get isEmpty(): boolean {
    return this.heads.length === 0;
  }

  get isFull(): boolean {
    return this.used >= OUTBOX_BYTES_MAX;
  }

  add(kind: ChannelKind, channel: Buffer, payload: Buffer): void {
    const end = this.used + channel.length + payload.length;
    if (end > this.room.length) this.grow(end);
    bytesCopy(channel, 0, this.room, this.used, channel.length);
    bytesCopy(payload, 0, this.room, this.used + channel.length, payload.length);
    this.used = end;
    this.heads.push(kind, channel.length, payload.length);
  }

  /** Posts what was gathered. */
  post(bulletin: Bulletin): void {
    const { heads, used } = this;
    bulletin.postWeighed(messageNotice(this.take()), used + heads.length * MESSAGE_WEIGHT);
  }

  take(): MessageBatch {
    const { used, heads } = this;
    const bytes = new Uint8Array(
      used < SHARED_BYTES_MIN ? new ArrayBuffer(used) : new SharedArrayBuffer(used),
    );
    bytes.set(this.room.subarray(0, used));
    this.used = 0;
    this.heads = [];
    if (this.room.length > OUTBOX_BYTES_MAX) this.room = Buffer.allocUnsafeSlow(OUTBOX_BYTES_MIN);
    return { heads: Int32Array.from(heads), bytes };
  }

  private grow(bytesMin: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytesMin, this.room.length * 2));
    this.room.copy(larger, 0, 0, this.used);
    this.room = larger;
  }
}

export function messageNotice(batch: MessageBatch): { kind: 'messages'; batch: MessageBatch } {
  return { kind: 'messages', batch };
}

/** A thread's part in pub/sub. */
export class PubSub {
  readonly channels = new Topics();
  readonly patterns = new Topics();
  readonly shardChannels = new Topics();
  readonly outbox = new Outbox();

  /** The topics of a kind. */
  topics(kind: number): Topics {
    if (kind === TOPIC.CHANNEL) return this.channels;
    return kind === TOPIC.PATTERN ? this.patterns : this.shardChannels;
  }

  /** Nobody would get anything, but from shard channels. */
  get isQuiet(): boolean {
    return this.channels.size === 0 && this.patterns.size === 0;
  }

  matching(channel: Buffer): Topic[] {
    const found: Topic[] = [];
    for (const topic of this.patterns.all()) {
      const { bytes } = topic;
      if (globMatches(bytes, 0, bytes.length, channel, 0, channel.length, false)) found.push(topic);
    }
    return found;
  }
}

/** Sends a message to all who are subscribed. Returns how many there are. Both buffers may change later. */
export function publish(
  call: RespCall,
  kind: ChannelKind,
  channel: Buffer,
  payload: Buffer,
): number {
  const { pubsub } = call;
  const topic = pubsub.topics(kind).find(channel.toString('latin1'));
  let local = topic === undefined ? 0 : topic.local.size;
  let remote = topic === undefined ? 0 : topic.remoteCount;
  const patterns = patternsFor(pubsub, kind, channel);
  for (const pattern of patterns) {
    local += pattern.local.size;
    remote += pattern.remoteCount;
  }
  if (local > 0) deliver(call, kind, channel, payload, topic, patterns);
  if (remote > 0) {
    pubsub.outbox.add(kind, channel, payload);
    if (pubsub.outbox.isFull) pubsub.outbox.post(call.bulletin);
  }
  return local + remote;
}

function patternsFor(pubsub: PubSub, kind: ChannelKind, channel: Buffer): readonly Topic[] {
  return kind === TOPIC.SHARD || pubsub.patterns.size === 0 ? NONE : pubsub.matching(channel);
}

const NONE: readonly Topic[] = [];

/** To the subscribers on this thread: first of the channel, then of patterns. */
function deliver(
  call: RespCall,
  kind: ChannelKind,
  channel: Buffer,
  payload: Buffer,
  topic: Topic | undefined,
  patterns: readonly Topic[],
): void {
  if (topic !== undefined && topic.local.size > 0) {
    topic.messageHead ??= headOf([WORDS[kind], channel]);
    const message = new Encoded(topic.messageHead, payload);
    for (const session of topic.local) sessionPush(call, session, message.bytes(session.resp));
  }
  for (const { local, bytes } of patterns) {
    if (local.size === 0) continue;
    const message = new Encoded(headOf([PATTERN_WORD, bytes, channel]), payload);
    for (const session of local) sessionPush(call, session, message.bytes(session.resp));
  }
}

/** Has this thread hear of messages that others publish. */
export function messagesListen(call: RespCall): void {
  const { pubsub, bulletin } = call;
  bulletin.on('messages', (notice) => {
    const { heads, bytes } = notice['batch'] as MessageBatch;
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (let head = 0; head < heads.length; head += 3) {
      const kind = heads[head] as ChannelKind;
      const channel = source.subarray(at, at + heads[head + 1]);
      at += heads[head + 1];
      const payload = source.subarray(at, at + heads[head + 2]);
      at += heads[head + 2];
      const topic = pubsub.topics(kind).find(channel.toString('latin1'));
      deliver(call, kind, channel, payload, topic, patternsFor(pubsub, kind, channel));
    }
  });
}

/** Sends a client bytes that it did not ask for: at once, or behind the reply to the command it is running. */
export function sessionPush(call: RespCall, session: RespSession, bytes: Buffer): void {
  if (session === call.running) call.afterReply.push(bytes);
  else session.host.push(bytes);
}
