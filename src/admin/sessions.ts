/**
 * Who has signed in with the token: a random name for each, which a browser keeps in a cookie that no script can
 * read and that is not sent along with what other sites ask for. Sessions end with the thread, and with the token.
 *
 *   at most 64, of which the one unused longest gives way · at most 12 h · 30 min without a request
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const NAME_PATTERN = /^[\w-]{43}$/;
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
  const prefix = `${cookieName(headers.host)}=`;
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const name = pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length) ?? '';
  return NAME_PATTERN.test(name) ? name : '';
}

/**
 * Set-Cookie.
 *   name       '' has the browser forget it
 *   host       what the browser calls this server
 *   isSecure   it is for TLS alone
 */
export function sessionCookie(name: string, host: string | undefined, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  const end = name === '' ? '; Max-Age=0' : '';
  return `${cookieName(host)}=${name}; HttpOnly; SameSite=Strict; Path=/${secure}${end}`;
}

/** Browsers keep one cookie of a name for all ports of a host, and several servers may run on one. */
function cookieName(host: string | undefined): string {
  const port = /:(\d{1,5})$/.exec(host ?? '')?.[1];
  return port === undefined ? 'flagstone_session' : `flagstone_session_${port}`;
}
