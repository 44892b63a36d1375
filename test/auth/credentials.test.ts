import { describe, expect, it } from 'vitest';
import { base64Decode, base64Encode } from '../../src/auth/base64.ts';
import { namePrepare, passwordPrepare } from '../../src/auth/credential-text.ts';
import {
  scramProofIsRight,
  scramRecordMake,
  scramServerSignature,
} from '../../src/auth/scram-record.ts';
import {
  scryptPasswordIsRight,
  scryptRecordMake,
  scryptRecordParse,
  scryptRecordText,
  scryptRun,
} from '../../src/auth/scrypt-record.ts';
import { bytes, SALT } from './support.ts';

describe('preparing a text', () => {
  // The examples of RFC 4013, section 3, and what ought to hold besides.
  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', null],
    ['\u0627\u0031', null],
    ['', null],
    ['\u00ad', null],
    ['\u007f', null],
    [' a ', ' a '],
    ['a\u00a0b', 'a b'],
    ['e\u0301', '\u00e9'],
    ['\u{1f511}', '\u{1f511}'],
    ['\ufffd', null],
  ])('%j → %j', (text, prepared) => {
    expect(passwordPrepare(text)).toBe(prepared);
    expect(namePrepare(text)).toBe(prepared);
  });

  it('counts bytes after preparation', () => {
    expect(namePrepare('n'.repeat(255))).not.toBeNull();
    expect(namePrepare('n'.repeat(256))).toBeNull();
    expect(namePrepare('é'.repeat(127))).not.toBeNull();
    expect(namePrepare('é'.repeat(128))).toBeNull();
    // One character that becomes eighteen, of 33 bytes.
    expect(namePrepare('\ufdfa'.repeat(7))).not.toBeNull();
    expect(namePrepare('\ufdfa'.repeat(8))).toBeNull();
    expect(passwordPrepare('p'.repeat(1024))).not.toBeNull();
    expect(passwordPrepare('p'.repeat(1025))).toBeNull();
  });
});

describe('base64', () => {
  it.each([
    ['', '', true, true],
    ['f', 'Zg', false, true],
    ['f', 'Zg==', true, false],
    ['foo', 'Zm9v', true, true],
  ])('%j as %j', (plain, text, isPadded, isBare) => {
    expect(base64Decode(text, 'padded')).toEqual(isPadded ? bytes(plain) : null);
    expect(base64Decode(text, 'bare')).toEqual(isBare ? bytes(plain) : null);
    expect(base64Encode(bytes(plain), isPadded ? 'padded' : 'bare')).toBe(text);
  });

  it.each(['Zh==', 'Zg=', 'Zg= =', 'Z', '-_-_', 'Zm9v\n', ' Zm9v', 'Zm9v=', 'Zg==Zg=='])(
    'refuses %j',
    (text) => {
      expect(base64Decode(text, 'padded')).toBeNull();
    },
  );
});

describe('a scrypt record', () => {
  // RFC 7914, section 12, the vector with N=16384.
  const HASH =
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
    'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';
  const hash = base64Encode(Buffer.from(HASH, 'hex'), 'bare');
  const TEXT = `$scrypt$ln=14,r=8,p=1$${base64Encode(bytes('SodiumChloride'), 'bare')}$${hash}`;

  it('knows the password of the RFC, and no other', async () => {
    const record = scryptRecordParse(TEXT);
    if (typeof record === 'string') throw new Error(record);
    expect(scryptRecordText(record)).toBe(TEXT);
    expect(await scryptPasswordIsRight(record, 'pleaseletmein', scryptRun)).toBe(true);
    expect(await scryptPasswordIsRight(record, 'pleaseletmeim', scryptRun)).toBe(false);
  });

  it('runs at every cost that is accepted', async () => {
    const salt = base64Encode(SALT, 'bare');
    for (const cost of ['ln=16,r=8,p=1', 'ln=10,r=512,p=1', 'ln=10,r=1,p=999']) {
      const record = scryptRecordParse(`$scrypt$${cost}$${salt}$${hash}`);
      if (typeof record === 'string') throw new Error(`${cost}: ${record}`);
      expect(await scryptPasswordIsRight(record, 'x', scryptRun)).toBe(false);
    }
  });

  it('is made with the salt that is given', async () => {
    const record = await scryptRecordMake('secret', SALT);
    expect(record.salt).toBe(SALT);
    expect(await scryptPasswordIsRight(record, 'secret', scryptRun)).toBe(true);
  });
});

describe('a SCRAM record', () => {
  it('is that of RFC 7677, section 3', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const record = await scramRecordMake('pencil', salt, 4096);
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const authMessage = [
      'n=user,r=rOprNGfwEbeRWgbNEkqO',
      `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
      `c=biws,r=${nonce}`,
    ].join(',');
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    expect(scramProofIsRight(record, authMessage, proof)).toBe(true);
    expect(scramProofIsRight(record, `${authMessage} `, proof)).toBe(false);
    expect(base64Encode(scramServerSignature(record, authMessage), 'padded')).toBe(
      '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
  });
});
