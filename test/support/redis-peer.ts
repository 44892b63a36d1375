/**
 * The real redis-server, alone and without files, spoken to over a unix socket; and the little of a
 * client that this takes: requests as arrays of bulk strings, replies of RESP2.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './text-client.ts';

/** An error is its line, behind a minus; strings have a character for each byte. */
export type RedisReply = string | number | null | RedisReply[];

/** The version of the installed server, as `7.0.15`; null if there is none. */
export function redisVersion(): string | null {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return /v=(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1] ?? null;
}

export class RedisPeer {
  private readonly child: ChildProcess;
  private readonly folder: string;
  private socket: Socket | null = null;
  private arrived = Buffer.alloc(0);
  private readonly waiting: ((reply: RedisReply) => void)[] = [];

  private constructor(child: ChildProcess, folder: string) {
    this.child = child;
    this.folder = folder;
  }

  static async spawn(...flags: string[]): Promise<RedisPeer> {
    const folder = mkdtempSync(join(tmpdir(), 'flagstone-redis-'));
    const path = join(folder, 'socket');
    const fixed = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder];
    const child = spawn('redis-server', [...fixed, ...flags], { stdio: 'ignore' });
    const peer = new RedisPeer(child, folder);
    await eventually('redis-server', () => peer.connects(path), Boolean, 10_000);
    return peer;
  }

  private connects(path: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(path);
      socket.once('error', () => resolve(false));
      socket.once('connect', () => {
        this.socket = socket;
        resolve(true);
      });
      socket.on('data', (piece) => this.take(piece));
    });
  }

  ask(...words: (string | number | Buffer)[]): Promise<RedisReply> {
    const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
    for (const word of words) {
      const bytes = typeof word === 'object' ? word : Buffer.from(String(word), 'latin1');
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.socket?.write(Buffer.concat(parts));
    });
  }

  async stop(): Promise<void> {
    this.socket?.destroy();
    const hasExited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await hasExited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private take(piece: Buffer): void {
    this.arrived = Buffer.concat([this.arrived, piece]);
    for (;;) {
      const read = replyRead(this.arrived, 0);
      if (read === null) return;
      this.arrived = this.arrived.subarray(read.next);
      this.waiting.shift()?.(read.reply);
    }
  }
}

/** The reply at `at`, and where the next one begins; null if it is not all there. */
function replyRead(bytes: Buffer, at: number): { reply: RedisReply; next: number } | null {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const line = bytes.toString('latin1', at + 1, lineEnd);
  const kind = String.fromCharCode(bytes[at] as number);
  const next = lineEnd + 2;
  if (kind === '+') return { reply: line, next };
  if (kind === '-') return { reply: `-${line}`, next };
  if (kind === ':') return { reply: Number(line), next };
  const count = Number(line);
  if (count < 0) return { reply: null, next };
  if (kind === '$') {
    if (bytes.length < next + count + 2) return null;
    return { reply: bytes.toString('latin1', next, next + count), next: next + count + 2 };
  }
  return arrayRead(bytes, next, count);
}

function arrayRead(
  bytes: Buffer,
  at: number,
  count: number,
): { reply: RedisReply; next: number } | null {
  const reply: RedisReply[] = [];
  for (let index = 0; index < count; index++) {
    const read = replyRead(bytes, at);
    if (read === null) return null;
    reply.push(read.reply);
    at = read.next;
  }
  return { reply, next: at };
}
