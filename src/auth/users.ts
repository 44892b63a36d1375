/**
 * The users of SASL (`--users-file`). One line each, made by user-line.ts:
 *
 *   # a comment
 *   NAME  $scrypt$ln=14,r=8,p=1$SALT$HASH  $scram-sha-256$i=4096$SALT$STORED$SERVER
 *
 * Blanks set the words apart; a name has none and does not start with `#`. The first record serves
 * PLAIN, the second SCRAM-SHA-256; either may be left out, and who has none for a mechanism cannot
 * log in by it. A stolen file gives way where it is weakest, so where all clients use PLAIN the
 * second is better left out.
 *
 * Guard: none. A table never changes; the main thread makes it, and each data thread gets a copy.
 */
import { createHash, hkdfSync } from 'node:crypto';
import { FAULT } from '../base/errors.ts';
import { authFileBytes, bytesLines } from './auth-file-bytes.ts';
import { NAME_BYTES_MAX, namePrepare, utf8Decode } from './credential-text.ts';
import { SCRAM_KEY_BYTES, type ScramRecord, scramRecordParse } from './scram-record.ts';
import { type ScryptRecord, scryptRecordParse } from './scrypt-record.ts';

const USERS_FILE_BYTES_MAX = 1024 * 1024;

export interface User {
  /** As it is compared: prepared (credential-text.ts). */
  readonly name: string;
  readonly scrypt: ScryptRecord | null;
  readonly scram: ScramRecord | null;
}

/** All users. Plain data: it may be posted to another thread. */
export interface UserTable {
  readonly users: ReadonlyMap<string, User>;
  /** The users' records of each kind, for decoys to look like. */
  readonly scryptRecords: readonly ScryptRecord[];
  readonly scramRecords: readonly ScramRecord[];
  /**
   * What decoys are derived from: a digest of the file. So the salt of a user who is not there is
   * the same on all threads, on all nodes with this file, and after a restart, as is that of one
   * who is; and nobody can compute it who has not seen the file.
   */
  readonly decoyKey: Uint8Array;
}

/**
 * Reads and parses a users file. For the main thread; it blocks.
 *   errors   AUTH_FILE_UNREADABLE, AUTH_FILE_LINE
 */
export function usersRead(path: string): UserTable {
  return usersParse(authFileBytes(path, USERS_FILE_BYTES_MAX), path);
}

/**
 * The table in a file's bytes. A file without users is a fault: it is more often half written than
 * meant.
 *   path     for messages, which never show a line's words
 *   errors   AUTH_FILE_LINE
 */
export function usersParse(bytes: Uint8Array, path: string): UserTable {
  const users = new Map<string, User>();
  const lineOfName = new Map<string, number>();
  bytesLines(bytes).forEach((line, at) => {
    const user = userParse(line);
    if (user === null) return;
    const place = `${path}:${at + 1}`;
    if (typeof user === 'string') throw FAULT.authFileLine(place, user);
    const earlier = lineOfName.get(user.name);
    if (earlier !== undefined) {
      throw FAULT.authFileLine(place, `the same user is in line ${earlier} already`);
    }
    lineOfName.set(user.name, at + 1);
    users.set(user.name, user);
  });
  if (users.size === 0) throw FAULT.authFileLine(path, 'there are no users in it');
  const all = [...users.values()];
  return {
    users,
    scryptRecords: all.flatMap(({ scrypt }) => scrypt ?? []),
    scramRecords: all.flatMap(({ scram }) => scram ?? []),
    decoyKey: new Uint8Array(createHash('sha256').update(bytes).digest()),
  };
}

/** A line's user; null if it has none; or in words what is wrong with it. */
function userParse(line: Uint8Array): User | string | null {
  const text = utf8Decode(line);
  if (text === null) return 'not UTF-8';
  const words = text.split(/[ \t]+/).filter((word) => word !== '');
  if (words.length === 0 || words[0].startsWith('#')) return null;
  const [nameText, ...records] = words;
  const name = namePrepare(nameText);
  if (name === null) {
    return `the name has characters that SASL forbids, or more than ${NAME_BYTES_MAX} bytes`;
  }
  if (records.length === 0) return 'there is no password record behind the name';
  let scrypt: ScryptRecord | null = null;
  let scram: ScramRecord | null = null;
  for (const record of records) {
    if (record.startsWith('$scrypt$')) {
      if (scrypt !== null) return 'there are two scrypt records';
      const parsed = scryptRecordParse(record);
      if (typeof parsed === 'string') return `scrypt record: ${parsed}`;
      scrypt = parsed;
    } else if (record.startsWith('$scram-sha-256$')) {
      if (scram !== null) return 'there are two scram-sha-256 records';
      const parsed = scramRecordParse(record);
      if (typeof parsed === 'string') return `scram-sha-256 record: ${parsed}`;
      scram = parsed;
    } else {
      return 'a record must start with $scrypt$ or $scram-sha-256$';
    }
  }
  return { name, scrypt, scram };
}

/**
 * The record that a name is checked against which has none: it costs what that of some user costs,
 * and no password fits. There must be one of its kind in the table.
 */
export function scryptDecoy(table: UserTable, name: string): ScryptRecord {
  const like = decoyLike(table, table.scryptRecords, name);
  return {
    ...like,
    salt: decoyBytes(table, `scrypt salt ${name}`, like.salt.length),
    hash: decoyBytes(table, `scrypt hash ${name}`, like.hash.length),
  };
}

/** The same for SCRAM: a salt that is always the same for a name, and keys that no proof fits. */
export function scramDecoy(table: UserTable, name: string): ScramRecord {
  const like = decoyLike(table, table.scramRecords, name);
  return {
    iterations: like.iterations,
    salt: decoyBytes(table, `scram salt ${name}`, like.salt.length),
    storedKey: decoyBytes(table, `scram stored key ${name}`, SCRAM_KEY_BYTES),
    serverKey: decoyBytes(table, `scram server key ${name}`, SCRAM_KEY_BYTES),
  };
}

/** One of `records`, chosen by the name: costs are as common among decoys as among users. */
function decoyLike<Entry>(table: UserTable, records: readonly Entry[], name: string): Entry {
  const [b0, b1, b2, b3] = decoyBytes(table, `like ${name}`, 4);
  const choice = ((b0 << 24) | (b1 << 16) | (b2 << 8) | b3) >>> 0;
  return records[choice % records.length];
}

function decoyBytes(table: UserTable, purpose: string, count: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', table.decoyKey, '', purpose, count));
}
