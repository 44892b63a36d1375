/**
 * Who has signed in with the token: a random name for each, which a browser keeps in a cookie that no script can
 * read and that is not sent along with what other sites ask for. Sessions end with the thread, and with the token.
 *
 *   at most 64, of which the one unused longest gives way · at most 12 h · 30 min without a request
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const COOKIE = 'flagstone_session';
const COOKIE_PATTERN = new RegExp(`(?:^|;)\\s*${COOKIE}=([\\w-]{43})\\s*(?:;|$)`);
const NAME_BYTES = 32;

export const SESSION = {
  countMax: 64,
  msMax: 12 * 3600 * 1000,
  idleMsMax: 30 * 60 * 1000,
} as const;

type Session = { readonly begunAtMs: number; readonly usedAtMs: number };

export class Sessions {
  private readonly nowMs: () => number;
  /** By name, the one unused longest first. */
  private readonly open = new Map<string, Session>();

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs;
  }

  get count(): number {
    return this.open.size;
  }

  /** The name of a new one. */
  begin(): string {
    const name = randomBytes(NAME_BYTES).toString('base64url');
    const atMs = this.nowMs();
    this.open.set(name, { begunAtMs: atMs, usedAtMs: atMs });
    const [oldest] = this.open.keys();
    if (this.open.size > SESSION.countMax) this.open.delete(oldest);
    return name;
  }

  /** Whether there is one of that name, which is used by asking. */
  use(name: string): boolean {
    const session = this.open.get(name);
    if (session === undefined) return false;
    const { begunAtMs, usedAtMs } = session;
    const atMs = this.nowMs();
    this.open.delete(name);
    if (atMs - begunAtMs > SESSION.msMax || atMs - usedAtMs > SESSION.idleMsMax) return false;
    this.open.set(name, { begunAtMs, usedAtMs: atMs });
    return true;
  }

  end(name: string): void {
    this.open.delete(name);
  }

  endAll(): void {
    this.open.clear();
  }
}

/** The name of a session that a browser sends, or ''. */
export function sessionSent({ headers }: IncomingMessage): string {
  return COOKIE_PATTERN.exec(headers.cookie ?? '')?.[1] ?? '';
}

/** Set-Cookie. `name`: '' has the browser forget it. `isSecure`: it is for TLS alone. */
export function sessionCookie(name: string, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  const end = name === '' ? '; Max-Age=0' : '';
  return `${COOKIE}=${name}; HttpOnly; SameSite=Strict; Path=/${secure}${end}`;
}
