/**
 * memcached's `-Y` file: lines `user:password`, in the clear, for clients of the text protocol,
 * which authenticate by storing `user password` under any key before they do anything else
 * (protocol.txt, "Authentication").
 *
 * memcached's limits hold, but where it stops reading without a word, we refuse the file: at most
 * eight users, of at most 255 bytes a line. There are no comments and no blank lines. A password
 * may hold colons and blanks, a user name neither.
 *
 * Guard: none. A table never changes; the main thread makes it, and each data thread gets a copy.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { FAULT } from '../base/errors.ts';
import { authFileBytes, bytesLines } from './auth-file-bytes.ts';

const ENTRIES_MAX = 8;
const LINE_BYTES_MAX = 255;
/** Eight lines of the longest kind with their ends, and more than enough to say what is too much. */
const FILE_BYTES_MAX = 64 * 1024;
const COLON = 0x3a;
const BLANK = 0x20;
const KEY_BYTES = 32;

/** The users. Plain data: it may be posted to another thread. No password is in it. */
export interface AuthTable {
  /** Drawn anew for each table. */
  readonly key: Uint8Array;
  /** For each user, HMAC-SHA-256 of what the client has to send: `user password`. */
  readonly digests: readonly Uint8Array[];
}

/**
 * Reads and parses the file. For the main thread; it blocks.
 *   errors   AUTH_FILE_UNREADABLE, AUTH_FILE_LINE
 */
export function authFileRead(path: string): AuthTable {
  return authFileParse(authFileBytes(path, FILE_BYTES_MAX), path);
}

/**
 * The table in a file's bytes. A file without users is a fault: it is more often half written than
 * meant.
 *   path     for messages, which never show a line's words
 *   errors   AUTH_FILE_LINE
 */
export function authFileParse(bytes: Uint8Array, path: string): AuthTable {
  const key = new Uint8Array(randomBytes(KEY_BYTES));
  const lines = bytesLines(bytes);
  if (lines.length === 0) throw FAULT.authFileLine(path, 'there are no users in it');
  const digests = lines.map((line, at) => {
    const problem = lineProblem(line, at);
    if (problem !== null) throw FAULT.authFileLine(`${path}:${at + 1}`, problem);
    const token = line.slice();
    token[line.indexOf(COLON)] = BLANK;
    return tokenDigest(key, token);
  });
  return { key, digests };
}

/**
 * Whether some user has this password.
 *   data   what the client stored, without its line end: `user password`
 *
 * The blank tells user and password apart, as no user name has one; so comparing both is comparing
 * the whole, and a wrong user and a wrong password are the same case.
 */
export function authFileCheck(table: AuthTable, data: Uint8Array): boolean {
  const digest = tokenDigest(table.key, data);
  let isFound = false;
  for (const expected of table.digests) {
    if (timingSafeEqual(digest, expected)) isFound = true;
  }
  return isFound;
}

/** The user that such data names, byte for byte as Latin-1; null if no blank ends the name. */
export function authDataUser(data: Uint8Array): string | null {
  const blank = data.indexOf(BLANK);
  return blank === -1 ? null : Buffer.from(data.subarray(0, blank)).toString('latin1');
}

function lineProblem(line: Uint8Array, at: number): string | null {
  if (at >= ENTRIES_MAX) return `there are more than ${ENTRIES_MAX} users`;
  if (line.length > LINE_BYTES_MAX) return `longer than ${LINE_BYTES_MAX} bytes`;
  const colon = line.indexOf(COLON);
  if (colon === -1) return 'not of the form user:password';
  if (line.subarray(0, colon).includes(BLANK)) {
    return 'the user name has a blank, so nobody could log in by it';
  }
  if (line.some((byte) => byte === 0 || byte === 0x0d)) return 'a NUL or CR is in it';
  return null;
}

function tokenDigest(key: Uint8Array, token: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(token).digest());
}
