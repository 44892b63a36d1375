/** Users for the tests of authentication, and clients that log in as them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userLineMake } from '../../src/auth/user-line.ts';
import { OPCODE } from '../../src/protocol/memcached/binary.ts';
import { type BinaryClient, packet } from '../support/binary-client.ts';

export const STATUS_OK = 0;
export const STATUS_INVALID = 0x04;
export const STATUS_AUTH_ERROR = 0x20;
export const STATUS_AUTH_CONTINUE = 0x21;
export const STATUS_UNKNOWN = 0x81;

/** One thread, so that all connections have one limit on guesses in common. */
export const ONE_THREAD = ['-t', '1'];

export const WIRES: readonly { readonly wire: string; readonly env: Record<string, string> }[] = [
  { wire: 'fast', env: {} },
  { wire: 'plain', env: { FLAGSTONE_PLAIN_WIRE: '1' } },
];

/** A folder for files of users, which goes with `remove`. */
export class UserFiles {
  private readonly folder = mkdtempSync(join(tmpdir(), 'flagstone-auth-'));

  /** Writes a file and returns its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** A users file. */
  async users(name: string, passwords: Readonly<Record<string, string>>): Promise<string> {
    const lines = Object.entries(passwords).map(([user, password]) => userLineMake(user, password));
    return this.write(name, `${(await Promise.all(lines)).join('\n')}\n`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The request by which PLAIN begins and ends. */
export function plainPacket(user: string, password: string, opaque = 0): Buffer {
  return packet(OPCODE.SASL_AUTH, { key: 'PLAIN', value: `\0${user}\0${password}`, opaque });
}

/** The status that a login gets. */
export async function login(client: BinaryClient, user: string, password: string): Promise<number> {
  client.send(plainPacket(user, password));
  return (await client.reply()).status;
}

export function setPacket(key: string, value: string, opaque = 0): Buffer {
  return packet(OPCODE.SET, { key, value, extras: Buffer.alloc(8), opaque });
}

/** The first `set` of -Y. */
export function tokenSet(token: string): string {
  return `set any 0 0 ${Buffer.byteLength(token)}\r\n${token}\r\n`;
}
