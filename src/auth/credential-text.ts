/**
 * User names and passwords as SASL compares them: as UTF-8, prepared by SASLprep (RFC 4013). That
 * makes one text of the several ways in which keyboards and systems write the same letters: `é` as
 * one character or two, a no-break space or a plain one. Clients that follow RFC 5802 prepare
 * theirs too, so with SCRAM a server that did not could never agree with them.
 *
 * Characters younger than Unicode 3.2, which SASLprep calls unassigned, pass unchanged.
 */
import { createRequire } from 'node:module';
import type saslprep from '@mongodb-js/saslprep';

/** In UTF-8, after preparation. */
export const NAME_BYTES_MAX = 255;
export const PASSWORD_BYTES_MAX = 1024;

// A byte order mark is a character like any other here: dropping it would change what was signed.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of some UTF-8; null if it is none. */
export function utf8Decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** A user name as it is compared; null: no such name is possible. */
export function namePrepare(text: string): string | null {
  return textPrepare(text, NAME_BYTES_MAX);
}

/** A password as it is compared; null: no such password is possible. */
export function passwordPrepare(text: string): string | null {
  return textPrepare(text, PASSWORD_BYTES_MAX);
}

/** Null: empty, too long, or with characters that SASLprep forbids, such as control characters. */
function textPrepare(text: string, bytesMax: number): string | null {
  const prepared = /^[ -~]*$/.test(text) ? text : unicodePrepare(text);
  if (prepared === null || prepared === '') return null;
  return Buffer.byteLength(prepared) > bytesMax ? null : prepared;
}

function unicodePrepare(text: string): string | null {
  const prepare = saslprepLoad();
  try {
    return prepare(text, { allowUnassigned: true });
  } catch {
    // This is how the library says that a text is not permitted. It knows no better class of error,
    // and stumbles over a text of which preparation leaves nothing.
    return null;
  }
}

/** Most names and passwords are ASCII; only the others pay for ten megabytes of tables. */
function saslprepLoad(): typeof saslprep {
  return createRequire(import.meta.url)('@mongodb-js/saslprep') as typeof saslprep;
}
