/**
 * What comes before a load: connecting, TLS, logging in, and finding out who is there. Everything that can be wrong
 * with a server's address or a password is found here, and said as a fault.
 */
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { errorReason, FAULT } from '../base/errors.ts';
import { BINARY_HEADER_BYTES, BINARY_REQUEST_MAGIC, OPCODE } from '../protocol/memcached/binary.ts';
import { problemText } from './dialects/dialect.ts';
import {
  addressText,
  type LoadLogin,
  type LoadTarget,
  type LoadTls,
  type Protocol,
} from './plan.ts';

const ANSWER_MS_MAX = 5000;
/** First bytes of a TLS record that is an alert. */
const TLS_ALERT = Buffer.from([0x15, 0x03]);
const STATUS_AUTH = 0x20;
const BULK_TEXT = /^\$\d+\r\n(.*)\r\n$/s;

/** A connection that is ready for requests. Errors: SERVER_UNREACHABLE, LOGIN_REFUSED. */
export async function serverConnect(target: LoadTarget): Promise<Socket> {
  const socket = await socketOpen(target);
  if (target.login === null) return socket;
  const dialogue = new Dialogue(socket, target);
  try {
    await logIn(dialogue, target.protocol, target.login);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  dialogue.end();
  return socket;
}

/** Connects once, to see whether all is well; resolves to what the server calls itself. Errors: likewise. */
export async function serverGreet(target: LoadTarget): Promise<string> {
  const socket = await serverConnect(target);
  try {
    return await GREETINGS[target.protocol](new Dialogue(socket, target));
  } finally {
    socket.destroy();
  }
}

function socketOpen({ address, tls }: LoadTarget): Promise<Socket> {
  const socket =
    tls === null ? connect({ ...address, noDelay: true }) : tlsConnect(tlsOptions(address, tls));
  socket.setNoDelay(true);
  const where = addressText(address);
  return new Promise((resolve, reject) => {
    const bound = setTimeout(() => socket.destroy(new Error('no answer came')), ANSWER_MS_MAX);
    const failed = (error: Error): void => {
      clearTimeout(bound);
      reject(FAULT.serverUnreachable(where, connectReason(error, tls)));
    };
    const closed = (): void => failed(new Error('the server closed the connection'));
    socket.once('error', failed);
    socket.once('close', closed);
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(bound);
      socket.off('error', failed);
      socket.off('close', closed);
      resolve(socket);
    });
  });
}

function tlsOptions(address: LoadTarget['address'], tls: LoadTls): ConnectionOptions {
  const { ca, cert, key, trustsAny } = tls;
  return {
    ...address,
    rejectUnauthorized: !trustsAny,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  };
}

function connectReason(error: Error, tls: LoadTls | null): string {
  const reasons =
    error instanceof AggregateError ? error.errors.map(errorReason) : [errorReason(error)];
  const reason = [...new Set(reasons)].join('; ');
  if (tls === null) return reason;
  if (/wrong version number|packet length too long/i.test(reason)) return 'it does not speak TLS';
  if (/certificate|altnames|issuer/i.test(reason)) {
    return `${reason} (--ca says whom to trust, --insecure trusts anybody)`;
  }
  return reason;
}

/** Questions and answers, one after the other, on a connection that carries nothing else yet. */
class Dialogue {
  readonly target: LoadTarget;
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);
  private failure: Error | null = null;
  private wake: () => void = () => undefined;

  constructor(socket: Socket, target: LoadTarget) {
    this.socket = socket;
    this.target = target;
    socket.on('data', this.take);
    socket.on('error', this.fail);
    socket.on('close', this.close);
  }

  /** Leaves the socket to somebody else. */
  end(): void {
    this.socket.off('data', this.take);
    this.socket.off('error', this.fail);
    this.socket.off('close', this.close);
  }

  /** Sends a request; resolves to the reply, once `isWhole` says that it is. */
  async ask(request: Buffer | string, isWhole: (reply: Buffer) => boolean): Promise<Buffer> {
    this.received = Buffer.alloc(0);
    const bound = setTimeout(() => this.fail(new Error('no answer came')), ANSWER_MS_MAX);
    this.socket.write(request);
    try {
      while (!isWhole(this.received)) {
        if (this.received.subarray(0, 2).equals(TLS_ALERT)) throw this.fault('it wants --tls');
        if (this.failure !== null) throw this.fault(errorReason(this.failure) + this.heard());
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      clearTimeout(bound);
    }
    return this.received;
  }

  fault(reason: string): Error {
    return FAULT.serverUnreachable(addressText(this.target.address), reason);
  }

  refusal(reason: string): Error {
    return FAULT.loginRefused(addressText(this.target.address), reason);
  }

  private heard(): string {
    const { length } = this.received;
    return length === 0 ? '' : `, after it had said: ${problemText(this.received, 0, length)}`;
  }

  private readonly take = (bytes: Buffer): void => {
    this.received = Buffer.concat([this.received, bytes]);
    this.wake();
  };

  private readonly fail = (error: Error): void => {
    this.failure ??= error;
    this.wake();
  };

  private readonly close = (): void => this.fail(new Error('the server closed the connection'));
}

async function logIn(dialogue: Dialogue, protocol: Protocol, login: LoadLogin): Promise<void> {
  const { user, password } = login;
  if (protocol === 'binary') {
    const proof = `\0${user ?? ''}\0${password}`;
    const reply = await dialogue.ask(packet(OPCODE.SASL_AUTH, 'PLAIN', proof), packetIsWhole);
    if (packetStatus(reply) !== 0) throw dialogue.refusal(packetText(reply));
    return;
  }
  if (protocol === 'resp') {
    const words = user === null ? ['AUTH', password] : ['AUTH', user, password];
    const reply = lineText(await dialogue.ask(respRequest(words), lineIsWhole));
    if (!reply.startsWith('+')) throw dialogue.refusal(reply.replace(/^-/, ''));
    return;
  }
  const proof = `${user ?? ''} ${password}`;
  const request = `set auth 0 0 ${Buffer.byteLength(proof)}\r\n${proof}\r\n`;
  const reply = lineText(await dialogue.ask(request, lineIsWhole));
  if (reply !== 'STORED') throw dialogue.refusal(reply);
}

/** One question per protocol that only a server which speaks it, and would serve us, answers so. */
const GREETINGS: Readonly<Record<Protocol, (dialogue: Dialogue) => Promise<string>>> = {
  text: textGreet,
  meta: async (dialogue) => {
    const reply = lineText(await dialogue.ask('mn\r\n', lineIsWhole));
    if (reply !== 'MN') throw strange(dialogue, reply, "memcached's meta protocol");
    return textGreet(dialogue);
  },
  binary: async (dialogue) => {
    const reply = await dialogue.ask(packet(OPCODE.NOOP), packetIsWhole);
    if (reply[0] !== 0x81) {
      throw strange(dialogue, problemText(reply, 0, reply.length), "memcached's binary protocol");
    }
    if (packetStatus(reply) === STATUS_AUTH)
      throw dialogue.refusal('it wants a user and a password');
    const version = packetText(await dialogue.ask(packet(OPCODE.VERSION), packetIsWhole));
    return `memcached ${version}`;
  },
  resp: async (dialogue) => {
    const reply = lineText(await dialogue.ask(respRequest(['PING']), lineIsWhole));
    if (/^-(?:NOAUTH|NOPERM)/.test(reply)) throw dialogue.refusal(reply.slice(1));
    if (reply !== '+PONG') throw strange(dialogue, reply.replace(/^-/, ''), 'RESP');
    const info = await dialogue.ask(respRequest(['INFO', 'server']), bulkIsWhole);
    const text = BULK_TEXT.exec(info.toString())?.[1] ?? '';
    const named = /^(redis|valkey)_version:(.*)$/gm;
    const found = [...text.matchAll(named)].at(-1);
    return found === undefined ? 'a server of RESP' : `${found[1]} ${found[2].trim()}`;
  },
};

async function textGreet(dialogue: Dialogue): Promise<string> {
  const reply = lineText(await dialogue.ask('version\r\n', lineIsWhole));
  if (reply.startsWith('CLIENT_ERROR unauth')) {
    throw dialogue.refusal('it wants a user and a password');
  }
  if (!reply.startsWith('VERSION ')) throw strange(dialogue, reply, "memcached's text protocol");
  return `memcached ${reply.slice('VERSION '.length)}`;
}

function strange(dialogue: Dialogue, said: string, protocol: string): Error {
  return dialogue.fault(`it does not speak ${protocol}: it said ${JSON.stringify(said)}`);
}

export function respRequest(words: readonly string[]): string {
  const bulks = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulks.join('')}`;
}

function lineIsWhole(reply: Buffer): boolean {
  return reply.includes(0x0a);
}

/** A bulk string, or a line that says why there is none. */
function bulkIsWhole(reply: Buffer): boolean {
  const text = reply.toString('latin1');
  const [line = '', length = ''] = /^\$(\d+)\r\n/.exec(text) ?? [];
  if (length !== '') return text.length >= line.length + Number(length) + 2;
  return text.includes('\n');
}

function lineText(reply: Buffer): string {
  return problemText(reply, 0, reply.indexOf(0x0a));
}

function packet(opcode: number, key = '', value = ''): Buffer {
  const head = Buffer.alloc(BINARY_HEADER_BYTES);
  const body = Buffer.from(key + value);
  head[0] = BINARY_REQUEST_MAGIC;
  head[1] = opcode;
  head.writeUInt16BE(Buffer.byteLength(key), 2);
  head.writeUInt32BE(body.length, 8);
  return Buffer.concat([head, body]);
}

/** A packet, or a line of something else. */
function packetIsWhole(reply: Buffer): boolean {
  if (reply.length === 0) return false;
  if (reply[0] !== 0x81) return lineIsWhole(reply);
  if (reply.length < BINARY_HEADER_BYTES) return false;
  return reply.length >= BINARY_HEADER_BYTES + reply.readUInt32BE(8);
}

function packetStatus(reply: Buffer): number {
  return reply[0] === 0x81 ? reply.readUInt16BE(6) : -1;
}

function packetText(reply: Buffer): string {
  if (reply[0] !== 0x81) return problemText(reply, 0, reply.length);
  return problemText(reply, BINARY_HEADER_BYTES, reply.length);
}
