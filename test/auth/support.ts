/** Users, clients and time for the tests of src/auth/. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { base64Encode } from '../../src/auth/base64.ts';
import { type GuessClock, GuessLimit } from '../../src/auth/guess-limit.ts';
import { SaslExchange, type SaslOutcome, SaslServer } from '../../src/auth/sasl.ts';
import { scramRecordMake, scramRecordText } from '../../src/auth/scram-record.ts';
import {
  type ScryptCost,
  type ScryptRun,
  scryptRecordMake,
  scryptRecordText,
} from '../../src/auth/scrypt-record.ts';
import { type UserTable, usersParse } from '../../src/auth/users.ts';

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** Lets everything run that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** A clock that stands until it is moved. */
export class FakeClock implements GuessClock {
  private ms = 1_000_000;
  private sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  readonly nowMs = (): number => this.ms;

  readonly wait = (ms: number): Promise<void> =>
    new Promise((wake) => void this.sleepers.push({ untilMs: this.ms + ms, wake }));

  /** Wakes who sleeps no longer than `ms`, in order, each at its time. */
  async advance(ms: number): Promise<void> {
    const endMs = this.ms + ms;
    await settle();
    for (;;) {
      const [first] = this.sleepers.sort((a, b) => a.untilMs - b.untilMs);
      if (first === undefined || first.untilMs > endMs) break;
      this.sleepers.shift();
      this.ms = first.untilMs;
      first.wake();
      await settle();
    }
    this.ms = endMs;
  }
}

/** A call of scrypt: which password, at which cost. */
export interface ScryptCall {
  readonly password: string;
  readonly saltBytes: number;
  readonly hashBytes: number;
  readonly cost: ScryptCost;
}

/** A quick stand-in for scrypt that notes its calls. */
export function scryptFake(calls: ScryptCall[] = []): ScryptRun {
  return async (password, salt, hashBytes, { rounds, blockSize, parallel }) => {
    const cost = { rounds, blockSize, parallel };
    calls.push({ password, saltBytes: salt.length, hashBytes, cost });
    const digest = createHash('sha512').update(password).update('\0').update(salt).digest();
    return new Uint8Array(digest.subarray(0, hashBytes));
  };
}

export const SALT = bytes('sixteen bytes....').slice(0, 16);

/** A line of the users file whose scrypt record is of scryptFake. */
export async function userLine(name: string, password: string): Promise<string> {
  const scrypt = scryptRecordText(await scryptRecordMake(password, SALT, scryptFake()));
  const scram = scramRecordText(await scramRecordMake(password, SALT, 4096));
  return `${name} ${scrypt} ${scram}\n`;
}

export async function usersOf(passwords: Readonly<Record<string, string>>): Promise<UserTable> {
  const lines = Object.entries(passwords).map(([name, password]) => userLine(name, password));
  return usersParse(bytes((await Promise.all(lines)).join('')), 'users');
}

/** A server for `table` that fakes scrypt, and whose clock moves only by hand. */
export function serverOf(table: UserTable, nonce = 'servernonce') {
  const clock = new FakeClock();
  const calls: ScryptCall[] = [];
  const parts = { scrypt: scryptFake(calls), nonce: () => nonce };
  const server = new SaslServer(table, new GuessLimit(clock), parts);
  const exchange = (source = '192.0.2.1') => new SaslExchange(server, source);
  return { clock, calls, server, exchange };
}

/** The outcome, however long it takes on the fake clock. */
export async function outcomeOf(
  clock: FakeClock,
  answer: Promise<SaslOutcome>,
): Promise<SaslOutcome> {
  let outcome: SaslOutcome | null = null;
  void answer.then((given) => {
    outcome = given;
  });
  // The tests' passwords are checked in microseconds, but not always in the same turn of the loop.
  for (let turn = 0; outcome === null && turn < 1000; turn++) await clock.advance(10);
  if (outcome === null) throw new Error('no outcome');
  return outcome;
}

export function plain(name: string, password: string, authorization = ''): Uint8Array {
  return bytes(`${authorization}\0${name}\0${password}`);
}

/** A client of SCRAM, written from RFC 5802 by other means than the server. */
export class ScramClient {
  readonly gs2Header: string;
  readonly firstBare: string;
  private readonly password: string;
  private serverKey: Uint8Array = new Uint8Array(0);
  private authMessage = '';

  constructor(name: string, password: string, nonce = 'clientnonce', gs2Header = 'n,,') {
    this.gs2Header = gs2Header;
    this.firstBare = `n=${name},r=${nonce}`;
    this.password = password;
  }

  first(): Uint8Array {
    return bytes(this.gs2Header + this.firstBare);
  }

  final(serverFirst: Uint8Array): Uint8Array {
    const said = text(serverFirst);
    const [nonce, salt, iterations] = said.split(',').map((field) => field.slice(2));
    const salted = pbkdf2Sync(
      this.password,
      Buffer.from(salt, 'base64'),
      Number(iterations),
      32,
      'sha256',
    );
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    const storedKey = createHash('sha256').update(clientKey).digest();
    this.serverKey = createHmac('sha256', salted).update('Server Key').digest();
    const withoutProof = `c=${base64Encode(bytes(this.gs2Header), 'padded')},r=${nonce}`;
    this.authMessage = `${this.firstBare},${said},${withoutProof}`;
    const signature = createHmac('sha256', storedKey).update(this.authMessage).digest();
    const proof = clientKey.map((byte, at) => byte ^ signature[at]);
    return bytes(`${withoutProof},p=${base64Encode(proof, 'padded')}`);
  }

  /** What an honest server says last. */
  serverFinal(): string {
    const signature = createHmac('sha256', this.serverKey).update(this.authMessage).digest();
    return `v=${signature.toString('base64')}`;
  }
}
