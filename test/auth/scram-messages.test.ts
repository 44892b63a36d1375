import { describe, expect, it } from 'vitest';
import { clientFinalParse, clientFirstParse } from '../../src/auth/scram-messages.ts';

const PROOF = `${'A'.repeat(43)}=`;

describe('client-first-message', () => {
  // biome-ignore format: a table reads in columns
  it.each([
    ['n,,n=user,r=abc',             'n,,',         'user',    null,   'abc'],
    ['y,,n=user,r=abc',             'y,,',         'user',    null,   'abc'],
    ['n,a=adm=2Cin,n=user,r=abc',   'n,a=adm=2Cin,', 'user',  'adm,in', 'abc'],
    ['n,,n=a=2Cb=3Dc=3D2C,r=abc',   'n,,',         'a,b=c=2C', null,  'abc'],
    ['n,,n=J\u00fcrgen x,r=abc',    'n,,',         'J\u00fcrgen x', null, 'abc'],
    ['n,,n=user,r=!+-~%=,x=1,Z==,', null,          '',        null,   ''],
    ['n,,n=user,r=!+-~%=,x=1,Z==',  'n,,',         'user',    null,   '!+-~%='],
    [`n,,n=user,r=${'x'.repeat(256)}`, 'n,,',      'user',    null,   'x'.repeat(256)],
    [`n,,n=user,r=${'x'.repeat(257)}`, null,       '',        null,   ''],
  ])('%j', (text, gs2Header, name, authorization, nonce) => {
    const first = clientFirstParse(text);
    if (gs2Header === null) return expect(first).toBeNull();
    expect(first).toEqual({ gs2Header, bare: text.slice(gs2Header.length), name, authorization, nonce });
  });

  // biome-ignore format: a table reads in columns
  it.each([
    ['nothing',                        ''],
    ['no header',                      'n=user,r=abc'],
    ['half a header',                  'n,n=user,r=abc'],
    ['channel binding',                'p=tls-unique,,n=user,r=abc'],
    ['channel binding of later times', 'p=tls-exporter,,n=user,r=abc'],
    ['another flag',                   'x,,n=user,r=abc'],
    ['a flag too long',                'nn,,n=user,r=abc'],
    ['a capital flag',                 'N,,n=user,r=abc'],
    ['an empty authorization',         'n,a=,n=user,r=abc'],
    ['a strange authorization',        'n,b=x,n=user,r=abc'],
    ['a bad escape in it',             'n,a=x=,n=user,r=abc'],
    ['a mandatory extension',          'n,,m=x,n=user,r=abc'],
    ['one further on',                 'n,,n=user,r=abc,m=x'],
    ['no name',                        'n,,r=abc'],
    ['an empty name',                  'n,,n=,r=abc'],
    ['no nonce',                       'n,,n=user'],
    ['an empty nonce',                 'n,,n=user,r='],
    ['the wrong order',                'n,,r=abc,n=user'],
    ['a blank in the nonce',           'n,,n=user,r=a c'],
    ['a letter beyond ASCII in it',    'n,,n=user,r=a\u00e9'],
    ['a control character in it',      'n,,n=user,r=a\u007f'],
    ['a line end behind it',           'n,,n=user,r=abc\n'],
    ['a NUL in the name',              'n,,n=us\0er,r=abc'],
    ['a bare = in the name',           'n,,n=us=er,r=abc'],
    ['a small escape',                 'n,,n=us=2cer,r=abc'],
    ['another escape',                 'n,,n=us=20er,r=abc'],
    ['a cut escape',                   'n,,n=us=2,r=abc'],
    ['an extension with two letters',  'n,,n=user,r=abc,xx=1'],
    ['an extension without a value',   'n,,n=user,r=abc,x='],
    ['an extension without a letter',  'n,,n=user,r=abc,=1'],
    ['a NUL in an extension',          'n,,n=user,r=abc,x=\0'],
    ['a comma at the end',             'n,,n=user,r=abc,'],
    ['a blank at the start',           ' n,,n=user,r=abc'],
    ['the final message',              `c=biws,r=abc,p=${PROOF}`],
  ])('refuses %s', (_what, text) => {
    expect(clientFirstParse(text)).toBeNull();
  });
});

describe('client-final-message', () => {
  it.each([
    ['without extensions', 'c=biws,r=abc'],
    ['with extensions', 'c=biws,r=abc,x=1,y=p=2'],
  ])('%s', (_what, withoutProof) => {
    const final = clientFinalParse(`${withoutProof},p=${PROOF}`);
    const proof = new Uint8Array(32);
    expect(final).toEqual({ channelBinding: 'biws', nonce: 'abc', proof, withoutProof });
  });

  // biome-ignore format: a table reads in columns
  it.each([
    ['nothing',                     ''],
    ['no channel binding',          `r=abc,p=${PROOF}`],
    ['an empty channel binding',    `c=,r=abc,p=${PROOF}`],
    ['no nonce',                    `c=biws,p=${PROOF}`],
    ['an empty nonce',              `c=biws,r=,p=${PROOF}`],
    ['the wrong order',             `r=abc,c=biws,p=${PROOF}`],
    ['no proof',                    'c=biws,r=abc'],
    ['an empty proof',              'c=biws,r=abc,p='],
    ['a proof without padding',     `c=biws,r=abc,p=${PROOF.slice(0, -1)}`],
    ['a proof of 31 bytes',         `c=biws,r=abc,p=${'A'.repeat(42)}==`],
    ['a proof of 33 bytes',         `c=biws,r=abc,p=${'A'.repeat(44)}`],
    ['loose bits in the proof',     `c=biws,r=abc,p=${'A'.repeat(42)}B=`],
    ['a proof that is no base64',   `c=biws,r=abc,p=${'*'.repeat(43)}=`],
    ['a line end behind the proof', `c=biws,r=abc,p=${PROOF}\n`],
    ['something behind the proof',  `c=biws,r=abc,p=${PROOF},x=1`],
    ['two proofs',                  `c=biws,r=abc,p=${PROOF},p=${PROOF}`],
    ['a mandatory extension',       `c=biws,r=abc,m=1,p=${PROOF}`],
    ['the first message',           'n,,n=user,r=abc'],
  ])('refuses %s', (_what, text) => {
    expect(clientFinalParse(text)).toBeNull();
  });
});
