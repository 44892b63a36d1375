import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AuthTable,
  authDataUser,
  authFileCheck,
  authFileParse,
  authFileRead,
} from '../../src/auth/auth-file.ts';
import { faultOf } from '../cli/support.ts';
import { bytes } from './support.ts';

function parse(lines: string): AuthTable {
  return authFileParse(bytes(lines), 'auth');
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-auth-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('an auth file', () => {
  it.each([
    ['two users', 'foo:bar\nbaaaz:quux\n'],
    ['no line end at the end', 'foo:bar\nbaaaz:quux'],
    ['line ends of Windows', 'foo:bar\r\nbaaaz:quux\r\n'],
  ])('with %s', (_what, lines) => {
    const table = parse(lines);
    expect(authFileCheck(table, bytes('foo bar'))).toBe(true);
    expect(authFileCheck(table, bytes('baaaz quux'))).toBe(true);
    // biome-ignore format: a table reads in columns
    const wrong = [
      '', ' ', 'foo', 'foo ', ' bar', 'bar', 'foobar', 'foo:bar', 'foo ba', 'foo bab', 'foo barr',
      'foo bar ', 'foo bar\0', 'foo bar\r', 'foo bar\n', 'foo  bar', ' foo bar', 'fo bar', 'fooo bar',
      'Foo bar', 'foo quux', 'baaaz bar', 'foo bar\nbaaaz quux', 'nobody bar',
    ];
    for (const data of wrong) expect(authFileCheck(table, bytes(data)), data).toBe(false);
  });

  it('takes user and password as bytes', () => {
    const line = Buffer.from([0xff, 0x3a, 0xfe, 0x3a, 0x20, 0x09, 0xfd]);
    const table = authFileParse(line, 'auth');
    expect(authFileCheck(table, Buffer.from([0xff, 0x20, 0xfe, 0x3a, 0x20, 0x09, 0xfd]))).toBe(
      true,
    );
    expect(authFileCheck(table, Buffer.from([0xff, 0x20, 0xfe, 0x20, 0x20, 0x09, 0xfd]))).toBe(
      false,
    );
  });

  it('may have a user without a password, and a password without a user', () => {
    const table = parse('foo:\n:bar\n');
    expect(authFileCheck(table, bytes('foo '))).toBe(true);
    expect(authFileCheck(table, bytes(' bar'))).toBe(true);
    expect(authFileCheck(table, bytes('foo bar'))).toBe(false);
    expect(authFileCheck(table, bytes(' '))).toBe(false);
  });

  it('holds eight users of 255 bytes', () => {
    const users = Array.from({ length: 8 }, (_, at) => `${at}:${'p'.repeat(253)}`);
    const table = parse(users.join('\n'));
    for (const user of users)
      expect(authFileCheck(table, bytes(user.replace(':', ' ')))).toBe(true);
  });

  it('crosses to another thread, without the passwords', () => {
    const table = parse('foo:bar');
    const clone = structuredClone(table);
    expect(authFileCheck(clone, bytes('foo bar'))).toBe(true);
    expect(authFileCheck(clone, bytes('foo bab'))).toBe(false);
    expect(table.key.buffer.byteLength + table.digests[0].buffer.byteLength).toBe(64);
    expect(parse('foo:bar').digests).not.toEqual(table.digests);
  });

  // biome-ignore format: a table reads in columns
  it.each([
    ['nothing',                 '',                                    'auth: there are no users in it'],
    ['an empty line',           'foo:bar\n\n',                         'auth:2: not of the form user:password'],
    ['no colon',                'foo:bar\nfoo bar\n',                  'auth:2: not of the form user:password'],
    ['a blank in the user',     'foo bar:baz\n',                       'auth:1: the user name has a blank, so nobody could log in by it'],
    ['a NUL in the user',       'fo\0o:bar\n',                         'auth:1: a NUL or CR is in it'],
    ['a NUL in the password',   'foo:b\0ar\n',                         'auth:1: a NUL or CR is in it'],
    ['a CR in the password',    'foo:b\rar\n',                         'auth:1: a NUL or CR is in it'],
    ['a line of 256 bytes',     `foo:${'p'.repeat(252)}\n`,            'auth:1: longer than 255 bytes'],
    ['nine users',              'foo:bar\n'.repeat(9),                 'auth:9: there are more than 8 users'],
  ])('refuses %s', (_what, lines, line) => {
    const fault = faultOf(() => parse(lines));
    expect(fault.message).toBe(line);
    expect(fault.code).toBe('AUTH_FILE_LINE');
  });

  it('is read from a file', () => {
    const path = join(folder, 'auth');
    writeFileSync(path, 'foo:bar');
    expect(authFileCheck(authFileRead(path), bytes('foo bar'))).toBe(true);
    const missing = join(folder, 'missing');
    expect(faultOf(() => authFileRead(missing)).message).toBe(
      `cannot read the users in ${missing}: no such file or directory`,
    );
  });
});

describe('the user in what a client stores', () => {
  it.each([
    ['foo bar', 'foo'],
    ['foo  bar baz', 'foo'],
    [' bar', ''],
    ['foo', null],
    ['', null],
  ])('%j → %j', (data, user) => {
    expect(authDataUser(bytes(data))).toBe(user);
  });

  it('is taken byte for byte', () => {
    expect(authDataUser(Buffer.from([0xff, 0x00, 0x20]))).toBe('\u00ff\0');
  });
});
