/**
 * The server's side of SASL (RFC 4422), for two mechanisms: PLAIN (RFC 4616), which is fit for use
 * under TLS only, and SCRAM-SHA-256 (RFC 5802, 7677), without channel binding.
 *
 *   PLAIN           ▶ name and password                       ◀ success
 *   SCRAM-SHA-256   ▶ name, nonce       ◀ nonce, salt, count
 *                   ▶ proof             ◀ the server's proof
 *                   ▶ nothing                                 ◀ success
 *
 * SCRAM has its last, empty step because memcached's protocol carries no data with a success: what
 * the server still has to say goes out as one more challenge. A client that sends nothing with its
 * start gets an empty challenge first. All this is how Cyrus SASL does it, which memcached uses.
 *
 * Whether a user exists shows nowhere: who is not there is checked against a decoy (users.ts), by
 * the same work, with the same answers.
 *
 * Guard: one thread's own.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { base64Encode } from './base64.ts';
import { namePrepare, passwordPrepare, utf8Decode } from './credential-text.ts';
import type { AttemptCheck, GuessLimit } from './guess-limit.ts';
import { plainMessageParse } from './plain-message.ts';
import { clientFinalParse, clientFirstParse } from './scram-messages.ts';
import { type ScramRecord, scramProofIsRight, scramServerSignature } from './scram-record.ts';
import { type ScryptRun, scryptPasswordIsRight, scryptRun } from './scrypt-record.ts';
import { scramDecoy, scryptDecoy, type UserTable } from './users.ts';

/** What a client may send in one step: the longest name twice, and the longest password. */
export const SASL_DATA_BYTES_MAX = 2048;
const NONCE_BYTES = 18;
const PLAIN = 'PLAIN';
const SCRAM = 'SCRAM-SHA-256';
const NO_DATA = new Uint8Array(0);

/** Why it failed; the client is told nothing but that it did. */
export type SaslFault =
  | 'unknown mechanism'
  | 'step without start'
  | 'malformed message'
  | 'wrong name or password'
  | 'users changed meanwhile'
  | 'too many attempts';

export type SaslOutcome =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'success'; readonly user: string }
  | { readonly kind: 'failure'; readonly fault: SaslFault };

/** What the tests put in place of the real thing. */
export interface SaslParts {
  readonly scrypt: ScryptRun;
  /** The server's half of a nonce. */
  readonly nonce: () => string;
}

const SASL_PARTS: SaslParts = {
  scrypt: scryptRun,
  nonce: () => base64Encode(randomBytes(NONCE_BYTES), 'padded'),
};

type Step = (data: Uint8Array) => Promise<SaslOutcome>;

/** A data thread's users, and the passwords that it has seen to be right. */
export class SaslServer {
  table: UserTable;
  readonly limit: GuessLimit;
  readonly parts: SaslParts;
  /** User → digest of the last right password, by a key that never leaves the thread. */
  private readonly remembered = new Map<string, Uint8Array>();
  private readonly digestKey = randomBytes(32);

  constructor(table: UserTable, limit: GuessLimit, parts: SaslParts = SASL_PARTS) {
    this.table = table;
    this.limit = limit;
    this.parts = parts;
  }

  /** Takes other users, from now on: exchanges under way with the old ones fail. */
  usersSet(table: UserTable): void {
    this.table = table;
    this.remembered.clear();
  }

  /** The mechanisms that at least one user can log in by, the better one first, as clients get them. */
  mechanismsText(): string {
    return [SCRAM, PLAIN].filter((name) => this.mechanismIsThere(name)).join(' ');
  }

  mechanismIsThere(mechanism: string): boolean {
    if (mechanism === PLAIN) return this.table.scryptRecords.length > 0;
    return mechanism === SCRAM && this.table.scramRecords.length > 0;
  }

  /**
   * Checking a password against its scrypt record. Once it was right it is known again at once: a
   * thousand connections of one client cost one run of scrypt. Name and password are prepared.
   */
  passwordCheck(name: string, password: string, isWanted: () => boolean): AttemptCheck {
    const digest = createHmac('sha256', this.digestKey).update(`${name}\0${password}`).digest();
    return {
      quick: () => this.isRemembered(name, digest),
      slow: () => this.passwordSlowCheck(name, password, digest),
      isWanted,
    };
  }

  private isRemembered(name: string, digest: Uint8Array): true | null {
    const known = this.remembered.get(name);
    return known !== undefined && timingSafeEqual(known, digest) ? true : null;
  }

  private async passwordSlowCheck(
    name: string,
    password: string,
    digest: Uint8Array,
  ): Promise<boolean> {
    const { table } = this;
    if (table.scryptRecords.length === 0) return false;
    const decoy = scryptDecoy(table, name);
    const own = table.users.get(name)?.scrypt ?? null;
    const isEqual = await scryptPasswordIsRight(own ?? decoy, password, this.parts.scrypt);
    if (own === null || !isEqual || this.table !== table) return false;
    this.remembered.set(name, digest);
    return true;
  }
}

/** One connection's way through SASL, as often as it likes, one step at a time. */
export class SaslExchange {
  private readonly server: SaslServer;
  private readonly source: string;
  /** What the next data from the client is for; null: nothing is under way. */
  private next: Step | null = null;
  private isRunning = false;
  private isClosed = false;

  /** `source`: where the client is, from guessSource. */
  constructor(server: SaslServer, source: string) {
    this.server = server;
    this.source = source;
  }

  /**
   * Begins anew, whatever was under way. `data` is empty if the client sent none. Like step, it must
   * not be called before the answer to the last call is there; and rejects if scrypt cannot run.
   */
  start(mechanism: string, data: Uint8Array): Promise<SaslOutcome> {
    assert(!this.isRunning, 'a client of SASL waits for the answer to each step');
    this.next = null;
    if (!this.server.mechanismIsThere(mechanism)) {
      return Promise.resolve(failure('unknown mechanism'));
    }
    const first: Step =
      mechanism === PLAIN ? (plain) => this.plain(plain) : (scram) => this.scramFirst(scram);
    if (data.length > 0) return this.run(first, data);
    this.next = first;
    return Promise.resolve(challenge(NO_DATA));
  }

  /** Goes on with what start, or the step before, answered by a challenge. */
  step(data: Uint8Array): Promise<SaslOutcome> {
    assert(!this.isRunning, 'a client of SASL waits for the answer to each step');
    const { next } = this;
    this.next = null;
    if (next === null) return Promise.resolve(failure('step without start'));
    return this.run(next, data);
  }

  /** The client is gone: what still waits need not be checked. */
  close(): void {
    this.isClosed = true;
  }

  private async run(step: Step, data: Uint8Array): Promise<SaslOutcome> {
    if (data.length > SASL_DATA_BYTES_MAX) return failure('malformed message');
    this.isRunning = true;
    try {
      return await step(data);
    } finally {
      this.isRunning = false;
    }
  }

  private async plain(data: Uint8Array): Promise<SaslOutcome> {
    const message = messageParse(data, plainMessageParse);
    if (message === null) return failure('malformed message');
    const name = namePrepare(message.name);
    const password = passwordPrepare(message.password);
    if (name === null || password === null) return failure('malformed message');
    // Nobody may act for another here; that is refused before anything is looked up.
    const { authorization } = message;
    if (authorization !== '' && namePrepare(authorization) !== name) {
      return failure('wrong name or password');
    }
    return this.attempt(name, this.server.passwordCheck(name, password, this.isWanted), () =>
      success(name),
    );
  }

  private async scramFirst(data: Uint8Array): Promise<SaslOutcome> {
    const first = messageParse(data, clientFirstParse);
    if (first === null) return failure('malformed message');
    const name = namePrepare(first.name);
    if (name === null) return failure('malformed message');
    const { authorization } = first;
    if (authorization !== null && namePrepare(authorization) !== name) {
      return failure('wrong name or password');
    }
    const { table, parts } = this.server;
    const decoy = scramDecoy(table, name);
    const own = table.users.get(name)?.scram ?? null;
    const record = own ?? decoy;
    const nonce = first.nonce + parts.nonce();
    const salt = base64Encode(record.salt, 'padded');
    const serverFirst = `r=${nonce},s=${salt},i=${record.iterations}`;
    const asked: ScramAsked = {
      table,
      name,
      record,
      isDecoy: own === null,
      nonce,
      channelBinding: base64Encode(Buffer.from(first.gs2Header), 'padded'),
      signed: `${first.bare},${serverFirst}`,
    };
    this.next = (final) => this.scramFinal(asked, final);
    return challenge(Buffer.from(serverFirst));
  }

  private async scramFinal(asked: ScramAsked, data: Uint8Array): Promise<SaslOutcome> {
    const final = messageParse(data, clientFinalParse);
    if (final === null) return failure('malformed message');
    const { name, record, isDecoy, nonce, channelBinding } = asked;
    if (final.nonce !== nonce || final.channelBinding !== channelBinding) {
      return failure('malformed message');
    }
    const authMessage = `${asked.signed},${final.withoutProof}`;
    const quick = () => scramProofIsRight(record, authMessage, final.proof) && !isDecoy;
    const check = { quick, slow: async () => quick(), isWanted: this.isWanted };
    return this.attempt(name, check, () => {
      if (asked.table !== this.server.table) return failure('users changed meanwhile');
      this.next = (last) => this.scramLast(asked, last);
      const signature = base64Encode(scramServerSignature(record, authMessage), 'padded');
      return challenge(Buffer.from(`v=${signature}`));
    });
  }

  private async scramLast(asked: ScramAsked, data: Uint8Array): Promise<SaslOutcome> {
    if (data.length > 0) return failure('malformed message');
    // Whoever took this long over it may not be a user any more.
    if (asked.table !== this.server.table) return failure('users changed meanwhile');
    return success(asked.name);
  }

  private async attempt(
    name: string,
    check: AttemptCheck,
    whenRight: () => SaslOutcome,
  ): Promise<SaslOutcome> {
    const result = await this.server.limit.attempt(this.source, name, check);
    if (result === 'right') return whenRight();
    return failure(result === 'wrong' ? 'wrong name or password' : 'too many attempts');
  }

  private readonly isWanted = (): boolean => !this.isClosed;
}

/** What the server said in its first message, and keeps for the client's final one. */
interface ScramAsked {
  readonly table: UserTable;
  readonly name: string;
  readonly record: ScramRecord;
  readonly isDecoy: boolean;
  /** The client's and ours, joined. */
  readonly nonce: string;
  readonly channelBinding: string;
  /** The first messages of both sides, as the AuthMessage has them. */
  readonly signed: string;
}

function messageParse<Message>(
  data: Uint8Array,
  parse: (text: string) => Message | null,
): Message | null {
  const text = utf8Decode(data);
  return text === null ? null : parse(text);
}

function challenge(data: Uint8Array): SaslOutcome {
  return { kind: 'challenge', data };
}

function success(user: string): SaslOutcome {
  return { kind: 'success', user };
}

function failure(fault: SaslFault): SaslOutcome {
  return { kind: 'failure', fault };
}
