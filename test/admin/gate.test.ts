/** Who may ask what. */
import { describe, expect, it } from 'vitest';
import { type Asking, Gate, type Refusal } from '../../src/admin/gate.ts';

const TOKEN = 'a-token-of-some-length';
const LOCAL: Asking = {
  remoteAddress: '127.0.0.1',
  host: '127.0.0.1:11280',
  origin: undefined,
  fetchSite: undefined,
  authorization: undefined,
  hasSession: false,
};

function ask(gate: Gate, asking: Partial<Asking>): Refusal['status'] | 200 {
  return gate.refusal({ ...LOCAL, ...asking })?.status ?? 200;
}

describe('without a token', () => {
  const gate = new Gate({ token: null, demandsCertificate: false });

  it.each([
    [200, '127.0.0.1'],
    [200, '127.9.9.9'],
    [200, '::1'],
    [200, '::ffff:127.0.0.1'],
    [403, '10.0.0.1'],
    [403, '::ffff:10.0.0.1'],
    [403, 'fe80::1'],
    [403, ''],
    [403, '127.evil'],
  ] as const)('%i for %s', (status, remoteAddress) => {
    expect(ask(gate, { remoteAddress })).toBe(status);
  });

  it.each([
    [200, 'localhost'],
    [200, 'LOCALHOST:1'],
    [200, '127.0.0.1'],
    [200, '10.0.0.1:80'],
    [200, '[::1]:11280'],
    [200, undefined],
    [421, 'evil.example'],
    [421, 'localhost.evil.example:11280'],
    [421, '127.0.0.1.evil.example'],
    [421, 'evil@localhost'],
    [421, '[::1'],
    [421, ''],
  ] as const)('%i when it is called %s', (status, host) => {
    expect(ask(gate, { host })).toBe(status);
  });

  it('ignores a token that is sent all the same', () => {
    expect(ask(gate, { authorization: 'Bearer whatever' })).toBe(200);
    expect(ask(gate, { authorization: 'Bearer whatever', remoteAddress: '10.0.0.1' })).toBe(403);
  });
});

describe('with a token', () => {
  const gate = new Gate({ token: TOKEN, demandsCertificate: false });

  it.each([
    [200, `Bearer ${TOKEN}`],
    [200, `bearer  ${TOKEN}`],
    [401, undefined],
    [401, `Bearer ${TOKEN}x`],
    [401, `Bearer ${TOKEN.slice(1)}`],
    [400, `Basic ${TOKEN}`],
    [400, 'Bearer'],
    [400, `Bearer ${TOKEN} ${TOKEN}`],
  ] as const)('%i for %s, wherever from', (status, authorization) => {
    for (const remoteAddress of ['127.0.0.1', '10.0.0.1']) {
      expect(ask(gate, { authorization, remoteAddress })).toBe(status);
    }
  });

  it('may be called by any name, since who has the token is no page of another site', () => {
    expect(ask(gate, { authorization: `Bearer ${TOKEN}`, host: 'cache-a:11280' })).toBe(200);
  });

  it('lets in who has signed in, unless a token says otherwise', () => {
    expect(ask(gate, { hasSession: true, remoteAddress: '10.0.0.1' })).toBe(200);
    expect(ask(gate, { hasSession: true, authorization: 'Bearer no' })).toBe(401);
    expect(ask(gate, { hasSession: true, fetchSite: 'cross-site' })).toBe(403);
    expect(ask(gate, { hasSession: true, origin: 'https://evil.example' })).toBe(403);
  });

  it('tells a wrong token from none', () => {
    expect(gate.refusal(LOCAL)?.wasWrongToken).toBe(false);
    expect(gate.refusal({ ...LOCAL, authorization: 'Bearer no' })?.wasWrongToken).toBe(true);
  });
});

describe('other sites', () => {
  const gates = [
    new Gate({ token: null, demandsCertificate: false }),
    new Gate({ token: null, demandsCertificate: true }),
  ];

  it.each([
    [200, { fetchSite: 'none' }],
    [200, { fetchSite: 'same-origin' }],
    [403, { fetchSite: 'same-site' }],
    [403, { fetchSite: 'cross-site' }],
    [403, { fetchSite: 'anything' }],
    [200, { origin: 'http://127.0.0.1:11280' }],
    [403, { origin: 'http://127.0.0.1' }],
    [403, { origin: 'https://evil.example' }],
    [403, { origin: 'null' }],
    [403, { origin: '' }],
  ] as const)('%i for %o', (status, asking) => {
    for (const gate of gates) expect(ask(gate, asking)).toBe(status);
  });

  it('lets in who has shown a certificate, from anywhere', () => {
    expect(ask(gates[1], { remoteAddress: '10.0.0.1', host: 'cache-a' })).toBe(200);
  });
});
