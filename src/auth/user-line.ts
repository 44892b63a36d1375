/** Making a line of the users file (users.ts) from a name and a password. */
import { randomBytes } from 'node:crypto';
import { FAULT } from '../base/errors.ts';
import {
  NAME_BYTES_MAX,
  namePrepare,
  PASSWORD_BYTES_MAX,
  passwordPrepare,
  utf8Decode,
} from './credential-text.ts';
import { SCRAM_SALT_BYTES, scramRecordMake, scramRecordText } from './scram-record.ts';
import { SCRYPT_SALT_BYTES, scryptRecordMake, scryptRecordText } from './scrypt-record.ts';

/**
 * The user's line, without a line end, with a record for PLAIN and one for SCRAM-SHA-256.
 *   random    as crypto.randomBytes
 *   errors    USER_LINE
 */
export async function userLineMake(
  name: string,
  password: string,
  random: (bytes: number) => Uint8Array = randomBytes,
): Promise<string> {
  const preparedName = namePrepare(name);
  if (preparedName === null) {
    const problem = `1 to ${NAME_BYTES_MAX} bytes, and no control characters`;
    throw FAULT.userLine(`a name has ${problem}`);
  }
  if (/\s/.test(preparedName) || preparedName.startsWith('#')) {
    throw FAULT.userLine('a name has no blanks and does not start with #');
  }
  const preparedPassword = passwordPrepare(password);
  if (preparedPassword === null) {
    const problem = `1 to ${PASSWORD_BYTES_MAX} bytes, and no control characters`;
    throw FAULT.userLine(`a password has ${problem}`);
  }
  const [scrypt, scram] = await Promise.all([
    scryptRecordMake(preparedPassword, random(SCRYPT_SALT_BYTES)),
    scramRecordMake(preparedPassword, random(SCRAM_SALT_BYTES)),
  ]);
  return `${preparedName} ${scryptRecordText(scrypt)} ${scramRecordText(scram)}`;
}

/**
 * The password in what a terminal or a pipe gave: without the line end, if there is one.
 *   errors   USER_LINE
 */
export function passwordFromInput(input: Uint8Array): string {
  const text = utf8Decode(input);
  if (text === null) throw FAULT.userLine('the password is not UTF-8');
  return text.replace(/\r?\n$/, '');
}
