import { describe, expect, it } from 'vitest';
import { base64Encode } from '../../src/auth/base64.ts';
import { GUESS, GuessLimit } from '../../src/auth/guess-limit.ts';
import { SASL_DATA_BYTES_MAX, SaslExchange, SaslServer } from '../../src/auth/sasl.ts';
import { scryptDecoy, usersParse } from '../../src/auth/users.ts';
import {
  bytes,
  FakeClock,
  outcomeOf,
  plain,
  ScramClient,
  serverOf,
  text,
  userLine,
  usersOf,
} from './support.ts';

const NOTHING = new Uint8Array(0);
const MALFORMED = { kind: 'failure', fault: 'malformed message' };
const WRONG = { kind: 'failure', fault: 'wrong name or password' };
const table = await usersOf({ alice: 'secret', bob: 'builder', 'c,=d': 'x' });

/** Says the first message; the server's answer. */
async function scramFirst(exchange: SaslExchange, client: ScramClient): Promise<Uint8Array> {
  const outcome = await exchange.start('SCRAM-SHA-256', client.first());
  if (outcome.kind !== 'challenge') throw new Error(JSON.stringify(outcome));
  return outcome.data;
}

/** A whole login by SCRAM; its last outcome. */
async function scramLogin(clock: FakeClock, exchange: SaslExchange, client: ScramClient) {
  const final = client.final(await scramFirst(exchange, client));
  const outcome = await outcomeOf(clock, exchange.step(final));
  if (outcome.kind !== 'challenge') return outcome;
  expect(text(outcome.data)).toBe(client.serverFinal());
  return exchange.step(NOTHING);
}

describe('the list of mechanisms', () => {
  it('has those that somebody can log in by', async () => {
    const [name, scrypt, scram] = (await userLine('alice', 'secret')).trim().split(' ');
    const list = (lines: string) =>
      serverOf(usersParse(bytes(lines), 'users')).server.mechanismsText();
    expect(list(`${name} ${scrypt} ${scram}`)).toBe('SCRAM-SHA-256 PLAIN');
    expect(list(`${name} ${scrypt}`)).toBe('PLAIN');
    expect(list(`${name} ${scram}`)).toBe('SCRAM-SHA-256');
  });

  it('is all there is', async () => {
    const [name, scrypt] = (await userLine('alice', 'secret')).trim().split(' ');
    const { exchange } = serverOf(usersParse(bytes(`${name} ${scrypt}`), 'users'));
    const unknown = { kind: 'failure', fault: 'unknown mechanism' };
    for (const mechanism of ['', 'plain', 'PLAIN ', 'CRAM-MD5', 'SCRAM-SHA-256', 'PLAIN\0']) {
      expect(await exchange().start(mechanism, plain('alice', 'secret'))).toEqual(unknown);
    }
  });
});

describe('PLAIN', () => {
  it.each([
    ['without an authorization', plain('alice', 'secret')],
    ['with its own', plain('alice', 'secret', 'alice')],
    ['with a strange name', plain('c,=d', 'x')],
  ])('lets a user in %s', async (_what, data) => {
    const { clock, exchange } = serverOf(table);
    const outcome = await outcomeOf(clock, exchange().start('PLAIN', data));
    expect(outcome).toEqual({ kind: 'success', user: text(data).split('\0')[1] });
  });

  it('asks a client that says nothing at first', async () => {
    const { clock, exchange } = serverOf(table);
    const one = exchange();
    expect(await one.start('PLAIN', NOTHING)).toEqual({ kind: 'challenge', data: NOTHING });
    const outcome = await outcomeOf(clock, one.step(plain('alice', 'secret')));
    expect(outcome).toEqual({ kind: 'success', user: 'alice' });
  });

  it('knows name and password in whichever way they are written', async () => {
    const amelie = await usersOf({ 'am\u00e9lie': 'p\u00e4ss w\u00f6rd' });
    const { clock, exchange } = serverOf(amelie);
    const data = plain('ame\u0301lie', 'pa\u0308ss\u00a0w\u00f6rd');
    const outcome = await outcomeOf(clock, exchange().start('PLAIN', data));
    expect(outcome).toEqual({ kind: 'success', user: 'am\u00e9lie' });
  });

  // biome-ignore format: a table reads in columns
  it.each([
    ['a wrong password',          plain('alice', 'Secret')],
    ['the start of one',          plain('alice', 'secre')],
    ['more than one',             plain('alice', 'secret ')],
    ['the password of another',   plain('alice', 'builder')],
    ['a name in capitals',        plain('Alice', 'secret')],
    ['nobody',                    plain('mallory', 'secret')],
    ['somebody else\'s behalf',   plain('alice', 'secret', 'bob')],
    ['a longest name',            plain('n'.repeat(255), 'p'.repeat(1024))],
  ])('refuses %s', async (_what, data) => {
    const { clock, exchange } = serverOf(table);
    expect(await outcomeOf(clock, exchange().start('PLAIN', data))).toEqual(WRONG);
  });

  // biome-ignore format: a table reads in columns
  it.each([
    ['no NUL',                    bytes('alice secret')],
    ['one NUL',                   bytes('alice\0secret')],
    ['three NULs',                bytes('\0alice\0secret\0')],
    ['a NUL in the password',     bytes('\0alice\0sec\0ret')],
    ['NULs alone',                bytes('\0\0')],
    ['no name',                   plain('', 'secret')],
    ['no password',               plain('alice', '')],
    ['a control character',       plain('alice', 'secret\n')],
    ['a name too long',           plain('n'.repeat(256), 'secret')],
    ['a password too long',       plain('alice', 'p'.repeat(1025))],
    ['a name of nothing',         plain('\u00ad', 'secret')],
    ['no UTF-8',                  Buffer.concat([plain('alice', 'secret'), Buffer.from([0xc3])])],
    ['too many bytes',            new Uint8Array(SASL_DATA_BYTES_MAX + 1).fill(0x61)],
  ])('refuses %s without a look at the users', async (_what, data) => {
    const { calls, exchange } = serverOf(table);
    expect(await exchange().start('PLAIN', data)).toEqual(MALFORMED);
    expect(calls).toEqual([]);
  });

  it('does the same work for nobody as for a wrong password', async () => {
    const { clock, calls, exchange } = serverOf(table);
    await outcomeOf(clock, exchange().start('PLAIN', plain('alice', 'wrong')));
    await outcomeOf(clock, exchange().start('PLAIN', plain('mallory', 'wrong')));
    expect(calls).toHaveLength(2);
    expect(calls[1]).toEqual(calls[0]);
  });

  it('does it for a user without a scrypt record, too', async () => {
    const [name, , scram] = (await userLine('dora', 'secret')).trim().split(' ');
    const lines = `${await userLine('alice', 'secret')}${name} ${scram}`;
    const { clock, calls, exchange } = serverOf(usersParse(bytes(lines), 'users'));
    const outcome = await outcomeOf(clock, exchange().start('PLAIN', plain('dora', 'secret')));
    expect(outcome).toEqual(WRONG);
    expect(calls).toHaveLength(1);
  });

  it('lets nobody in even where the decoy fits', async () => {
    const clock = new FakeClock();
    const scrypt = async () => scryptDecoy(table, 'mallory').hash;
    const server = new SaslServer(table, new GuessLimit(clock), { scrypt, nonce: () => 'x' });
    const one = new SaslExchange(server, 'x');
    const outcome = await outcomeOf(clock, one.start('PLAIN', plain('mallory', 'secret')));
    expect(outcome).toEqual(WRONG);
  });

  it('remembers a right password, and only that', async () => {
    const { clock, calls, exchange } = serverOf(table);
    for (const password of ['secret', 'secret', 'secret']) {
      const outcome = await outcomeOf(clock, exchange().start('PLAIN', plain('alice', password)));
      expect(outcome.kind).toBe('success');
    }
    expect(calls).toHaveLength(1);
    for (const [name, password] of [
      ['alice', 'wrong'],
      ['alice', 'wrong'],
      ['bob', 'secret'],
    ]) {
      const outcome = await outcomeOf(clock, exchange().start('PLAIN', plain(name, password)));
      expect(outcome).toEqual(WRONG);
    }
    expect(calls).toHaveLength(4);
  });

  it('runs scrypt but as often as it runs at a time when many clients come together', async () => {
    const { clock, calls, exchange } = serverOf(table);
    const logins = Array.from({ length: 100 }, () =>
      outcomeOf(clock, exchange().start('PLAIN', plain('alice', 'secret'))),
    );
    for (const outcome of await Promise.all(logins)) expect(outcome.kind).toBe('success');
    expect(calls.length).toBeLessThanOrEqual(GUESS.slowMax);
  });

  it('does not check for who hung up', async () => {
    const { clock, calls, exchange } = serverOf(table);
    const one = exchange();
    one.close();
    const outcome = await outcomeOf(clock, one.start('PLAIN', plain('alice', 'secret')));
    expect(outcome).toEqual({ kind: 'failure', fault: 'too many attempts' });
    expect(calls).toEqual([]);
  });
});

describe('SCRAM-SHA-256', () => {
  it('speaks as in RFC 7677, section 3', async () => {
    const salt = base64Encode(Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 'bare');
    const stored = 'WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY';
    const server = 'wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU';
    const lines = `user $scram-sha-256$i=4096$${salt}$${stored}$${server}`;
    const nonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const { clock, exchange } = serverOf(usersParse(bytes(lines), 'users'), nonce);
    const one = exchange();
    const first = await one.start('SCRAM-SHA-256', bytes('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'));
    expect(first.kind === 'challenge' && text(first.data)).toBe(
      `r=rOprNGfwEbeRWgbNEkqO${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    );
    const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
    const final = `c=biws,r=rOprNGfwEbeRWgbNEkqO${nonce},p=${proof}`;
    const second = await outcomeOf(clock, one.step(bytes(final)));
    expect(second.kind === 'challenge' && text(second.data)).toBe(
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
    expect(await one.step(NOTHING)).toEqual({ kind: 'success', user: 'user' });
  });

  it.each([
    ['', new ScramClient('alice', 'secret')],
    ['that has channel binding', new ScramClient('alice', 'secret', 'abc', 'y,,')],
    ['for itself', new ScramClient('alice', 'secret', 'abc', 'n,a=alice,')],
    ['with a strange name', new ScramClient('c=2C=3Dd', 'x')],
    ['with extensions', new ScramClient('alice', 'secret', 'abc,x=1')],
  ])('lets a client in %s', async (_what, client) => {
    const { clock, exchange } = serverOf(table);
    // The extension is not a part of the nonce, though this client writes it there.
    const one = exchange();
    const first = await scramFirst(one, client);
    expect(text(first)).toMatch(/^r=(clientnonce|abc)servernonce,s=[A-Za-z0-9+/=]{24},i=4096$/);
    expect((await scramLogin(clock, exchange(), client)).kind).toBe('success');
  });

  it('asks a client that says nothing at first', async () => {
    const { clock, exchange } = serverOf(table);
    const one = exchange();
    const client = new ScramClient('alice', 'secret');
    expect(await one.start('SCRAM-SHA-256', NOTHING)).toEqual({ kind: 'challenge', data: NOTHING });
    const first = await one.step(client.first());
    if (first.kind !== 'challenge') throw new Error(first.kind);
    const outcome = await outcomeOf(clock, one.step(client.final(first.data)));
    expect(outcome.kind === 'challenge' && text(outcome.data)).toBe(client.serverFinal());
  });

  it.each([
    ['a wrong password', new ScramClient('alice', 'Secret')],
    ['nobody', new ScramClient('mallory', 'secret')],
  ])('refuses %s after the proof, and not before', async (_what, client) => {
    const { clock, exchange } = serverOf(table);
    expect(await scramLogin(clock, exchange(), client)).toEqual(WRONG);
  });

  it('answers nobody as it answers a user, and always the same', async () => {
    const { exchange, server } = serverOf(table);
    const alice = text(await scramFirst(exchange(), new ScramClient('alice', 'x')));
    const mallory = text(await scramFirst(exchange(), new ScramClient('mallory', 'x')));
    const trudy = text(await scramFirst(exchange(), new ScramClient('trudy', 'x')));
    expect(mallory).toHaveLength(alice.length);
    expect(new Set([alice, mallory, trudy]).size).toBe(3);
    server.usersSet(structuredClone(table));
    expect(text(await scramFirst(exchange(), new ScramClient('mallory', 'y')))).toBe(mallory);
  });

  it('refuses who acts for another', async () => {
    const { exchange } = serverOf(table);
    const client = new ScramClient('alice', 'secret', 'abc', 'n,a=bob,');
    expect(await exchange().start('SCRAM-SHA-256', client.first())).toEqual(WRONG);
  });

  it('draws a nonce of its own for every exchange', async () => {
    const server = new SaslServer(table, new GuessLimit());
    const nonces = new Set<string>();
    for (let at = 0; at < 100; at++) {
      const first = await scramFirst(new SaslExchange(server, 'x'), new ScramClient('alice', 'x'));
      const [, nonce] = /^r=clientnonce([!-+\--~]+),s=/.exec(text(first)) ?? [];
      expect(nonce).toHaveLength(24);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(100);
  });

  // biome-ignore format: a table reads in columns
  it.each([
    ['the client\'s nonce alone',   (final: string) => final.replace('servernonce', '')],
    ['another nonce',               (final: string) => final.replace('servernonce', 'servernonc3')],
    ['a longer nonce',              (final: string) => final.replace('servernonce', 'servernonce1')],
    ['another channel binding',     (final: string) => final.replace('c=biws', 'c=eSws')],
    ['the first message again',     () => 'n,,n=alice,r=clientnonce'],
    ['nothing',                     () => ''],
    ['too many bytes',              (final: string) => final.replace(',p=', `,x=${'y'.repeat(SASL_DATA_BYTES_MAX)},p=`)],
  ])('refuses %s in the final message', async (_what, change) => {
    const { exchange } = serverOf(table);
    const one = exchange();
    const client = new ScramClient('alice', 'secret');
    const final = text(client.final(await scramFirst(one, client)));
    expect(await one.step(bytes(change(final)))).toEqual(MALFORMED);
    // And that was the end of it.
    const over = { kind: 'failure', fault: 'step without start' };
    expect(await one.step(bytes(final))).toEqual(over);
  });

  it('refuses the final message cut anywhere, or with any byte changed', async () => {
    const { clock, exchange } = serverOf(table);
    const client = new ScramClient('alice', 'secret');
    const final = client.final(await scramFirst(exchange(), client));
    const spoilt = [...final].flatMap((byte, at) => [final.slice(0, at), final.with(at, byte ^ 1)]);
    for (const [at, data] of spoilt.entries()) {
      // From many places, so that the limit on guesses has no part in this.
      const one = exchange(`192.0.2.${at}`);
      await scramFirst(one, client);
      expect((await outcomeOf(clock, one.step(data))).kind).toBe('failure');
    }
    expect((await scramLogin(clock, exchange(), client)).kind).toBe('success');
  });

  it('refuses a final message that was said before', async () => {
    const before = serverOf(table, 'beforehand');
    const client = new ScramClient('alice', 'secret');
    const final = client.final(await scramFirst(before.exchange(), client));
    const { exchange } = serverOf(table, 'afterwards');
    const one = exchange();
    await scramFirst(one, client);
    expect(await one.step(final)).toEqual(MALFORMED);
    // Not even on the connection where it was right.
    const { clock } = before;
    const again = before.exchange();
    expect((await scramLogin(clock, again, client)).kind).toBe('success');
    expect((await again.step(final)).kind).toBe('failure');
  });

  it('wants nothing in the last step', async () => {
    const { clock, exchange } = serverOf(table);
    const one = exchange();
    const client = new ScramClient('alice', 'secret');
    const final = client.final(await scramFirst(one, client));
    expect((await outcomeOf(clock, one.step(final))).kind).toBe('challenge');
    expect(await one.step(bytes('x'))).toEqual(MALFORMED);
    expect((await one.step(NOTHING)).kind).toBe('failure');
  });
});

describe('an exchange', () => {
  it('has no step before a start, nor after its end', async () => {
    const { clock, exchange } = serverOf(table);
    const over = { kind: 'failure', fault: 'step without start' };
    const one = exchange();
    expect(await one.step(plain('alice', 'secret'))).toEqual(over);
    expect(await one.step(NOTHING)).toEqual(over);
    const outcome = await outcomeOf(clock, one.start('PLAIN', plain('alice', 'secret')));
    expect(outcome.kind).toBe('success');
    expect(await one.step(NOTHING)).toEqual(over);
    expect((await one.start('X', NOTHING)).kind).toBe('failure');
    expect(await one.step(NOTHING)).toEqual(over);
  });

  it('may begin anew after a failure, and in the middle', async () => {
    const { clock, exchange } = serverOf(table);
    const one = exchange();
    expect(await outcomeOf(clock, one.start('PLAIN', plain('alice', 'x')))).toEqual(WRONG);
    await clock.advance(GUESS.delayMaxMs);
    const client = new ScramClient('alice', 'secret');
    const stale = client.final(await scramFirst(one, client));
    expect((await one.start('PLAIN', NOTHING)).kind).toBe('challenge');
    expect(await one.step(stale)).toEqual(MALFORMED);
    expect((await scramLogin(clock, one, client)).kind).toBe('success');
  });

  it('answers a failure late, and later each time', async () => {
    const { clock, exchange } = serverOf(table);
    const one = exchange();
    const tookMs: number[] = [];
    for (const password of ['a', 'b', 'c']) {
      const startMs = clock.nowMs();
      const client = new ScramClient('alice', password);
      await scramLogin(clock, one, client);
      tookMs.push(clock.nowMs() - startMs);
    }
    const { delayFirstMs } = GUESS;
    expect(tookMs).toEqual([delayFirstMs, delayFirstMs * 2, delayFirstMs * 4]);
  });

  it('ends where the users change', async () => {
    const { clock, exchange, server } = serverOf(table);
    const changed = { kind: 'failure', fault: 'users changed meanwhile' };
    const others = await usersOf({ alice: 'secret' });
    const one = exchange();
    const client = new ScramClient('alice', 'secret');
    const final = client.final(await scramFirst(one, client));
    server.usersSet(others);
    expect(await outcomeOf(clock, one.step(final))).toEqual(changed);
    const two = exchange();
    const again = client.final(await scramFirst(two, client));
    expect((await outcomeOf(clock, two.step(again))).kind).toBe('challenge');
    server.usersSet(table);
    expect(await two.step(NOTHING)).toEqual(changed);
  });

  it('knows the new users, and no password of the old', async () => {
    const { clock, calls, exchange, server } = serverOf(table);
    const login = (name: string, password: string) =>
      outcomeOf(clock, exchange().start('PLAIN', plain(name, password)));
    expect((await login('alice', 'secret')).kind).toBe('success');
    expect((await login('bob', 'builder')).kind).toBe('success');
    server.usersSet(await usersOf({ alice: 'changed', eve: 'new' }));
    expect(await login('alice', 'secret')).toEqual(WRONG);
    expect(await login('bob', 'builder')).toEqual(WRONG);
    await clock.advance(GUESS.delayMaxMs);
    expect((await login('alice', 'changed')).kind).toBe('success');
    expect((await login('eve', 'new')).kind).toBe('success');
    expect(calls).toHaveLength(6);
  });
});
