/**
 * A password as SCRAM-SHA-256 (RFC 5802, section 3; RFC 7677) keeps it. Neither key is the password
 * or opens a login by itself: StoredKey checks the client's proof, ServerKey proves the server.
 *
 *   $scram-sha-256$i=4096$SALT$STORED$SERVER      all three in base64 without padding
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { base64Decode, base64Encode } from './base64.ts';

export interface ScramRecord {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/**
 * What RFC 7677 asks for at least. It is the client that pays for more, at every connection: 65,536,
 * the most that Cyrus SASL computes, cost libmemcached a quarter of a second each time, which PHP would
 * pay for every page. Whoever fears for the file more than for that gives PLAIN alone, over TLS.
 */
export const SCRAM_ITERATIONS = 4096;
export const SCRAM_SALT_BYTES = 16;
export const SCRAM_KEY_BYTES = 32;

/** RFC 7677, section 4. */
const ITERATIONS_MIN = 4096;
const ITERATIONS_MAX = 10_000_000;
const SALT_BYTES_MIN = 8;
const SALT_BYTES_MAX = 64;

const FORM = /^\$scram-sha-256\$i=(\d{1,8})\$([^$]*)\$([^$]*)\$([^$]*)$/;

/** The record, or in words what is wrong with it. */
export function scramRecordParse(text: string): ScramRecord | string {
  const match = FORM.exec(text);
  if (match === null) return 'not of the form $scram-sha-256$i=4096$SALT$STORED$SERVER';
  const iterations = Number(match[1]);
  if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
    return `i must be from ${ITERATIONS_MIN} to ${ITERATIONS_MAX}`;
  }
  const salt = base64Decode(match[2], 'bare');
  const storedKey = base64Decode(match[3], 'bare');
  const serverKey = base64Decode(match[4], 'bare');
  if (salt === null || storedKey === null || serverKey === null) {
    return 'salt or a key is not base64 without padding';
  }
  if (salt.length < SALT_BYTES_MIN || salt.length > SALT_BYTES_MAX) {
    return `the salt must have ${SALT_BYTES_MIN} to ${SALT_BYTES_MAX} bytes`;
  }
  if (storedKey.length !== SCRAM_KEY_BYTES || serverKey.length !== SCRAM_KEY_BYTES) {
    return `each key must have ${SCRAM_KEY_BYTES} bytes`;
  }
  return { iterations, salt, storedKey, serverKey };
}

export function scramRecordText({ iterations, salt, storedKey, serverKey }: ScramRecord): string {
  const fields = [salt, storedKey, serverKey].map((bytes) => base64Encode(bytes, 'bare'));
  return ['$scram-sha-256', `i=${iterations}`, ...fields].join('$');
}

/** A new record. `password` is prepared. */
export async function scramRecordMake(
  password: string,
  salt: Uint8Array,
  iterations = SCRAM_ITERATIONS,
): Promise<ScramRecord> {
  const salted = await pbkdf2Run(password, salt, iterations);
  const clientKey = hmac(salted, 'Client Key');
  return { iterations, salt, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') };
}

/**
 * Whether a ClientProof of 32 bytes shows that the client knows the password.
 *   authMessage   the three messages so far, joined by commas (RFC 5802, section 3)
 */
export function scramProofIsRight(
  record: ScramRecord,
  authMessage: string,
  proof: Uint8Array,
): boolean {
  const clientSignature = hmac(record.storedKey, authMessage);
  const clientKey = proof.map((byte, at) => byte ^ clientSignature[at]);
  return timingSafeEqual(sha256(clientKey), record.storedKey);
}

/** The ServerSignature, by which the client knows that the server knows it. */
export function scramServerSignature(record: ScramRecord, authMessage: string): Uint8Array {
  return hmac(record.serverKey, authMessage);
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function pbkdf2Run(password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, SCRAM_KEY_BYTES, 'sha256', (error, salted) => {
      if (error === null) resolve(salted);
      else reject(error);
    });
  });
}
