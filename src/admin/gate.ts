/**
 * Who may ask what of the admin port.
 *
 *   health            anybody who reaches the port
 *   everything else   who sends the token, has signed in with it, or has shown a certificate that is vouched for;
 *                     where neither is configured, who asks from this machine
 *
 * A browser on this machine asks from this machine too, on behalf of whatever page it shows. So what another
 * site makes it ask is refused (Sec-Fetch-Site, Origin), and a request that needs no token must call the
 * server by an address, or localhost: a page whose name was made to lead here (DNS rebinding) calls it by
 * that name.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

export type GateConfig = {
  readonly token: string | null;
  /** Every client has shown a certificate that is vouched for. */
  readonly demandsCertificate: boolean;
};

/** What a request says of where it comes from. */
export type Asking = {
  readonly remoteAddress: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly authorization: string | undefined;
  /** It comes with the cookie of a session: sessions.ts. */
  readonly hasSession: boolean;
};

export type Refusal = {
  readonly status: 400 | 401 | 403 | 421;
  readonly text: string;
  /** A token was sent, and it was not the token. */
  readonly wasWrongToken: boolean;
};

const HOST_PATTERN = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@?#]+))(?::\d{1,5})?$/i;

export class Gate {
  private readonly token: Buffer | null;
  private readonly demandsCertificate: boolean;

  constructor({ token, demandsCertificate }: GateConfig) {
    this.token = token === null ? null : digest(token);
    this.demandsCertificate = demandsCertificate;
  }

  /** Whether a token is what lets in. */
  get needsToken(): boolean {
    return this.token !== null && !this.demandsCertificate;
  }

  /** Whether a text is the token. */
  tokenIs(text: string): boolean {
    // Digests are of one length, and nothing of the token shows in how long they take to compare.
    return this.token !== null && timingSafeEqual(digest(text), this.token);
  }

  /** Null: the request may have what is not for everybody. */
  refusal(asking: Asking): Refusal | null {
    const another = siteRefusal(asking);
    if (another !== null || this.demandsCertificate) return another;
    return this.token === null ? localRefusal(asking) : this.tokenRefusal(asking);
  }

  private tokenRefusal({ authorization, hasSession }: Asking): Refusal | null {
    if (authorization === undefined) {
      return hasSession ? null : refuse(401, 'this needs the token: Authorization: Bearer TOKEN');
    }
    const sent = /^bearer +([!-~]+)$/i.exec(authorization)?.[1];
    if (sent === undefined) return refuse(400, 'the header must be Authorization: Bearer TOKEN');
    return this.tokenIs(sent)
      ? null
      : { ...refuse(401, 'this is not the token'), wasWrongToken: true };
  }
}

/** What another site makes a browser ask for. */
export function siteRefusal({ fetchSite, origin, host }: Asking): Refusal | null {
  const isOther = fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none';
  if (isOther || (origin !== undefined && originHost(origin) !== host?.toLowerCase())) {
    return refuse(403, 'another site asks for this');
  }
  return null;
}

/** What a request without a token must be where there is none. */
function localRefusal({ remoteAddress, host }: Asking): Refusal | null {
  if (!addressIsLoopback(remoteAddress)) {
    return refuse(403, 'without a token this is for the machine itself alone');
  }
  // Without a Host header it is no browser.
  if (host === undefined || hostIsPlain(host)) return null;
  return refuse(421, 'call this server by its address, or as localhost');
}

export function addressIsLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** Whether a Host header is an address or localhost. */
function hostIsPlain(host: string): boolean {
  const match = HOST_PATTERN.exec(host);
  if (match === null) return false;
  const name = (match[1] ?? match[2]).toLowerCase();
  return name === 'localhost' || isIP(name) !== 0;
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function refuse(status: Refusal['status'], text: string): Refusal {
  return { status, text, wasWrongToken: false };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
