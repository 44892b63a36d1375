import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordFromInput, userLineMake } from '../../src/auth/user-line.ts';
import { scramDecoy, scryptDecoy, usersParse, usersRead } from '../../src/auth/users.ts';
import { FlagstoneError } from '../../src/base/errors.ts';
import { faultOf } from '../cli/support.ts';
import { bytes, SALT, userLine } from './support.ts';

// What follows is for reading, not for logging in: the hashes are of no password.
const SCRYPT = `$scrypt$ln=14,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
const KEY = 'A'.repeat(43);
const SCRAM = `$scram-sha-256$i=4096$${'A'.repeat(22)}$${KEY}$${KEY}`;

function parse(lines: string) {
  return usersParse(bytes(lines), 'users');
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-users-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a users file', () => {
  it('holds users, comments, and blanks as one likes', () => {
    const table = parse(
      `# all of them\r\n\n  alice ${SCRYPT} ${SCRAM}\r\n\tbob\t${SCRAM}  \n#x\ncarol ${SCRYPT}`,
    );
    expect([...table.users.keys()]).toEqual(['alice', 'bob', 'carol']);
    expect(table.users.get('alice')?.scrypt).toEqual({
      rounds: 16384,
      blockSize: 8,
      parallel: 1,
      salt: new Uint8Array(16),
      hash: new Uint8Array(32),
    });
    expect(table.users.get('alice')?.scram).toEqual({
      iterations: 4096,
      salt: new Uint8Array(16),
      storedKey: new Uint8Array(32),
      serverKey: new Uint8Array(32),
    });
    expect(table.users.get('bob')?.scrypt).toBeNull();
    expect(table.users.get('carol')?.scram).toBeNull();
    expect(table.scryptRecords).toHaveLength(2);
    expect(table.scramRecords).toHaveLength(2);
  });

  it('knows a name in whichever way it is written', () => {
    expect([...parse(`ame\u0301lie ${SCRAM}`).users.keys()]).toEqual(['am\u00e9lie']);
  });

  it('crosses to another thread, and takes nothing else along', () => {
    const table = parse(`alice ${SCRYPT} ${SCRAM}`);
    expect(structuredClone(table)).toEqual(table);
    const { scrypt, scram } = table.users.get('alice') ?? {};
    const arrays = [scrypt?.salt, scrypt?.hash, scram?.salt, scram?.storedKey, table.decoyKey];
    for (const array of arrays) expect(array?.buffer.byteLength).toBe(array?.length);
  });

  // biome-ignore format: a table reads in columns
  it.each([
    ['nothing',                   '',                                            'users: there are no users in it'],
    ['nothing but a comment',     '# none\n',                                    'users: there are no users in it'],
    ['a name alone',              '\nalice\n',                                   'users:2: there is no password record behind the name'],
    ['an -Y line',                'alice:secret',                                'users:1: there is no password record behind the name'],
    ['a password in the clear',   'alice secret',                                'users:1: a record must start with $scrypt$ or $scram-sha-256$'],
    ['another scheme',            'alice $2b$12$abcdef',                         'users:1: a record must start with $scrypt$ or $scram-sha-256$'],
    ['a record twice',            `alice ${SCRYPT} ${SCRYPT}`,                   'users:1: there are two scrypt records'],
    ['the other record twice',    `alice ${SCRAM} ${SCRAM}`,                     'users:1: there are two scram-sha-256 records'],
    ['a user twice',              `alice ${SCRYPT}\n#\nalice ${SCRAM}`,          'users:3: the same user is in line 1 already'],
    ['a user twice, differently', `\u00c5 ${SCRYPT}\nA\u030a ${SCRAM}`,          'users:2: the same user is in line 1 already'],
    ['a bell in the name',        `al\u0007ice ${SCRYPT}`,                       'users:1: the name has characters that SASL forbids, or more than 255 bytes'],
    ['a name of 256 bytes',       `${'n'.repeat(256)} ${SCRYPT}`,                'users:1: the name has characters that SASL forbids, or more than 255 bytes'],
    ['a record cut short',        `alice ${SCRYPT.slice(0, 20)}`,                'users:1: scrypt record: not of the form $scrypt$ln=14,r=8,p=1$SALT$HASH'],
    ['padding',                   `alice ${SCRYPT}=`,                            'users:1: scrypt record: salt or hash is not base64 without padding'],
    ['loose bits at the end',     `alice ${SCRYPT.slice(0, -1)}B`,               'users:1: scrypt record: salt or hash is not base64 without padding'],
    ['too little work',           `alice ${SCRYPT.replace('14', '9')}`,          'users:1: scrypt record: ln must be at least 10'],
    ['no lanes',                  `alice ${SCRYPT.replace('p=1', 'p=0')}`,       'users:1: scrypt record: r and p must be at least 1'],
    ['too much memory',           `alice ${SCRYPT.replace('14', '17')}`,         'users:1: scrypt record: ln and r ask for more than 64 MiB'],
    ['far too much memory',       `alice ${SCRYPT.replace('14', '99')}`,         'users:1: scrypt record: ln and r ask for more than 64 MiB'],
    ['too much work',             `alice ${SCRYPT.replace('p=1', 'p=17')}`,      'users:1: scrypt record: ln, r and p ask for too much work'],
    ['a short salt',              `alice $scrypt$ln=14,r=8,p=1$AAAA$${KEY}`,     'users:1: scrypt record: the salt must have 8 to 64 bytes'],
    ['a short hash',              `alice ${SCRYPT.slice(0, -23)}`,               'users:1: scrypt record: the hash must have 16 to 64 bytes'],
    ['a SCRAM record cut short',  `alice ${SCRAM.slice(0, 60)}`,                 'users:1: scram-sha-256 record: not of the form $scram-sha-256$i=4096$SALT$STORED$SERVER'],
    ['few iterations',            `alice ${SCRAM.replace('4096', '4095')}`,      'users:1: scram-sha-256 record: i must be from 4096 to 10000000'],
    ['many iterations',           `alice ${SCRAM.replace('4096', '10000001')}`,  'users:1: scram-sha-256 record: i must be from 4096 to 10000000'],
    ['a short SCRAM salt',        `alice $scram-sha-256$i=4096$AAAA$${KEY}$${KEY}`, 'users:1: scram-sha-256 record: the salt must have 8 to 64 bytes'],
    ['a short key',               `alice ${SCRAM.slice(0, -23)}`,                'users:1: scram-sha-256 record: each key must have 32 bytes'],
    ['a key that is no base64',   `alice ${SCRAM.slice(0, -1)}*`,                'users:1: scram-sha-256 record: salt or a key is not base64 without padding'],
  ])('refuses %s', (_what, lines, line) => {
    const fault = faultOf(() => parse(lines));
    expect(fault.message).toBe(line);
    expect(fault.code).toBe('AUTH_FILE_LINE');
  });

  it('refuses what is not UTF-8, by its line', () => {
    const file = Buffer.concat([bytes(`alice ${SCRYPT}\n`), Buffer.from([0xff, 0x0a])]);
    expect(faultOf(() => usersParse(file, 'users')).message).toBe('users:2: not UTF-8');
  });

  it('is read from a file', async () => {
    const path = join(folder, 'users');
    writeFileSync(path, await userLine('alice', 'secret'));
    expect([...usersRead(path).users.keys()]).toEqual(['alice']);
  });

  it('says why it cannot be read', () => {
    const missing = join(folder, 'missing');
    expect(faultOf(() => usersRead(missing)).message).toBe(
      `cannot read the users in ${missing}: no such file or directory`,
    );
    expect(faultOf(() => usersRead(folder)).message).toMatch(/: it is not a file$/);
    const long = join(folder, 'long');
    writeFileSync(long, '#'.repeat(1024 * 1024));
    expect(faultOf(() => usersRead(long)).code).toBe('AUTH_FILE_LINE');
    writeFileSync(long, '#'.repeat(1024 * 1024 + 1));
    expect(faultOf(() => usersRead(long)).message).toMatch(/: it is longer than 1048576 bytes$/);
  });
});

describe('a decoy', () => {
  const lines = `alice ${SCRYPT} ${SCRAM}`;

  it('is the same for a name whenever the file is read, and another for another', () => {
    const decoy = scramDecoy(parse(lines), 'mallory');
    expect(scramDecoy(structuredClone(parse(lines)), 'mallory')).toEqual(decoy);
    expect(scramDecoy(parse(lines), 'trudy').salt).not.toEqual(decoy.salt);
    expect(scramDecoy(parse(`${lines}\n#`), 'mallory').salt).not.toEqual(decoy.salt);
    expect(scryptDecoy(parse(lines), 'mallory')).toEqual(scryptDecoy(parse(lines), 'mallory'));
    expect(scryptDecoy(parse(lines), 'mallory').salt).not.toEqual(decoy.salt);
  });

  it('looks and costs like the users of the file, in the same proportions', () => {
    const dear = SCRAM.replace('4096', '65536').replace(/A{22}/, 'A'.repeat(43));
    const table = parse(`a ${SCRAM}\nb ${dear}\nc ${dear}\nd ${dear}`);
    let dearCount = 0;
    for (let at = 0; at < 400; at++) {
      const { iterations, salt } = scramDecoy(table, `name${at}`);
      expect(salt).toHaveLength(iterations === 4096 ? 16 : 32);
      if (iterations === 65536) dearCount++;
    }
    expect(dearCount).toBeGreaterThan(250);
    expect(dearCount).toBeLessThan(350);
  });
});

describe('making a line', () => {
  it('gives one that is read again, with the costs of today', async () => {
    const line = await userLineMake('Amélie', 'pässword', (count) => SALT.slice(0, count));
    expect(line).toMatch(
      /^Amélie \$scrypt\$ln=14,r=8,p=1\$[^$ ]+\$[^$ ]+ \$scram-sha-256\$i=4096\$[^$ ]+\$[^$ ]+\$[^$ ]+$/,
    );
    const user = parse(line).users.get('Amélie');
    expect(user?.scrypt?.salt).toEqual(SALT);
    expect(user?.scram?.iterations).toBe(4096);
  });

  it('salts each record anew', async () => {
    const user = parse(await userLineMake('a', 'b')).users.get('a');
    const again = parse(await userLineMake('a', 'b')).users.get('a');
    const salts = [user?.scrypt?.salt, user?.scram?.salt, again?.scrypt?.salt, again?.scram?.salt];
    expect(new Set(salts.map(String)).size).toBe(4);
  });

  const NAME = 'cannot make a line for this user: a name has ';
  const PASSWORD = 'cannot make a line for this user: a password has ';
  it.each([
    ['', 'secret', `${NAME}1 to 255 bytes, and no control characters`],
    ['al\tice', 'secret', `${NAME}1 to 255 bytes, and no control characters`],
    ['n'.repeat(256), 'secret', `${NAME}1 to 255 bytes, and no control characters`],
    ['al ice', 'secret', `${NAME}no blanks and does not start with #`],
    ['al\u00a0ice', 'secret', `${NAME}no blanks and does not start with #`],
    ['#alice', 'secret', `${NAME}no blanks and does not start with #`],
    ['alice', '', `${PASSWORD}1 to 1024 bytes, and no control characters`],
    ['alice', 'sec\0ret', `${PASSWORD}1 to 1024 bytes, and no control characters`],
    ['alice', 'ü'.repeat(513), `${PASSWORD}1 to 1024 bytes, and no control characters`],
  ])('refuses %j and %j', async (name, password, message) => {
    const error = await userLineMake(name, password).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FlagstoneError);
    expect((error as FlagstoneError).message).toBe(message);
  });

  it('takes the password as it is, but for one line end', () => {
    expect(passwordFromInput(bytes('secret'))).toBe('secret');
    expect(passwordFromInput(bytes('secret\n'))).toBe('secret');
    expect(passwordFromInput(bytes('secret\r\n'))).toBe('secret');
    expect(passwordFromInput(bytes(' secret \n\n'))).toBe(' secret \n');
    expect(faultOf(() => passwordFromInput(Buffer.from([0xff]))).message).toBe(
      'cannot make a line for this user: the password is not UTF-8',
    );
  });
});
