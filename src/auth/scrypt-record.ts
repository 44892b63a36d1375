/**
 * A password as scrypt (RFC 7914) leaves it: what PLAIN is checked against. Written as a PHC string,
 * which other tools make too (passlib's `scrypt`, for one):
 *
 *   $scrypt$ln=14,r=8,p=1$SALT$HASH      N = 2^ln; salt and hash in base64 without padding
 */
import { scrypt, timingSafeEqual } from 'node:crypto';
import { base64Decode, base64Encode } from './base64.ts';

export interface ScryptCost {
  /** N, a power of two. */
  readonly rounds: number;
  /** r. With `rounds` it is the memory: 128·N·r bytes. */
  readonly blockSize: number;
  /** p. */
  readonly parallel: number;
}

export interface ScryptRecord extends ScryptCost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Runs scrypt off this thread. The tests count its calls. */
export type ScryptRun = (
  password: string,
  salt: Uint8Array,
  hashBytes: number,
  cost: ScryptCost,
) => Promise<Uint8Array>;

/** What new records cost: 16 MiB and some 50 ms of one core per login that is not remembered. */
export const SCRYPT_COST: ScryptCost = { rounds: 2 ** 14, blockSize: 8, parallel: 1 };
export const SCRYPT_SALT_BYTES = 16;
export const SCRYPT_HASH_BYTES = 32;

const ROUNDS_LOG_MIN = 10;
const SALT_BYTES_MIN = 8;
const SALT_BYTES_MAX = 64;
const HASH_BYTES_MIN = 16;
const HASH_BYTES_MAX = 64;
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
/** N·r·p, which is the time: sixteen times that of a new record. */
const WORK_MAX = 2 ** 21;

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([^$]*)\$([^$]*)$/;

/** The record, or in words what is wrong with it. */
export function scryptRecordParse(text: string): ScryptRecord | string {
  const match = FORM.exec(text);
  if (match === null) return 'not of the form $scrypt$ln=14,r=8,p=1$SALT$HASH';
  const [roundsLog, blockSize, parallel] = match.slice(1, 4).map(Number);
  const rounds = 2 ** roundsLog;
  if (roundsLog < ROUNDS_LOG_MIN) return `ln must be at least ${ROUNDS_LOG_MIN}`;
  if (blockSize === 0 || parallel === 0) return 'r and p must be at least 1';
  if (128 * rounds * blockSize > MEMORY_BYTES_MAX) return 'ln and r ask for more than 64 MiB';
  if (rounds * blockSize * parallel > WORK_MAX) return 'ln, r and p ask for too much work';
  const salt = base64Decode(match[4], 'bare');
  const hash = base64Decode(match[5], 'bare');
  if (salt === null || hash === null) return 'salt or hash is not base64 without padding';
  if (salt.length < SALT_BYTES_MIN || salt.length > SALT_BYTES_MAX) {
    return `the salt must have ${SALT_BYTES_MIN} to ${SALT_BYTES_MAX} bytes`;
  }
  if (hash.length < HASH_BYTES_MIN || hash.length > HASH_BYTES_MAX) {
    return `the hash must have ${HASH_BYTES_MIN} to ${HASH_BYTES_MAX} bytes`;
  }
  return { rounds, blockSize, parallel, salt, hash };
}

export function scryptRecordText(record: ScryptRecord): string {
  const { rounds, blockSize, parallel, salt, hash } = record;
  const cost = `ln=${Math.log2(rounds)},r=${blockSize},p=${parallel}`;
  return `$scrypt$${cost}$${base64Encode(salt, 'bare')}$${base64Encode(hash, 'bare')}`;
}

/** A new record. `password` is prepared. */
export async function scryptRecordMake(
  password: string,
  salt: Uint8Array,
  run: ScryptRun = scryptRun,
): Promise<ScryptRecord> {
  const hash = await run(password, salt, SCRYPT_HASH_BYTES, SCRYPT_COST);
  return { ...SCRYPT_COST, salt, hash };
}

/** Whether this is the password; the time taken tells nothing. `password` is prepared. */
export async function scryptPasswordIsRight(
  record: ScryptRecord,
  password: string,
  run: ScryptRun,
): Promise<boolean> {
  const hash = await run(password, record.salt, record.hash.length, record);
  return timingSafeEqual(hash, record.hash);
}

/** On libuv's pool of threads: the event loop goes on. Rejects only where memory is short. */
export function scryptRun(
  password: string,
  salt: Uint8Array,
  hashBytes: number,
  cost: ScryptCost,
): Promise<Uint8Array> {
  const { rounds, blockSize, parallel } = cost;
  // The big table, and a few blocks for each lane and for the library itself.
  const maxmem = 128 * blockSize * (rounds + parallel + 2);
  const options = { N: rounds, r: blockSize, p: parallel, maxmem };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashBytes, options, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
