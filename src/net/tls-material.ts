/**
 * What TLS is made of: the certificate, its key and the authorities, as the files have them, and the
 * keys that seal session tickets. Plain data: the main thread reads it at the start, hands it to all
 * data threads, and whoever reads the files anew (refresh_certs, SIGHUP) hands it to the others.
 */
import {
  constants,
  createPrivateKey,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { assert } from '../base/assert.ts';
import { errorReason } from '../base/errors.ts';
import type { CommandConfig } from '../commands/server-context.ts';

/** How a TLS listener meets its clients: as ssl_verify_mode says, or one of the two extremes. */
export type TlsMode = 'default' | 'anonymous' | 'require';

/** The files' contents, PEM. `authorities` null: nobody vouches for clients. */
export type TlsFiles = {
  readonly chain: string;
  readonly key: string;
  readonly authorities: string | null;
};

/** Seals tickets, and opens those of the other threads. */
export type TicketKeys = Uint8Array;

/** As OpenSSL numbers file formats. */
const KEY_FORMAT_DER = 2;
const DER_KEY_TYPES = ['pkcs8', 'pkcs1', 'sec1'] as const;
const TICKET_KEY_BYTES = 48;
const TLS_1_3 = 3;

/** ssl_verify_mode. */
const VERIFY = { NONE: 0, REQUEST: 1 } as const;

/** Files that TLS cannot be served with; the message ends a sentence that starts with "error". */
export class TlsFilesError extends Error {}

export function ticketKeysMake(): TicketKeys {
  return new Uint8Array(randomBytes(TICKET_KEY_BYTES));
}

/** Reads the files and tries whether they do. Errors: TlsFilesError. */
export function tlsFilesRead(config: CommandConfig): TlsFiles {
  const { tlsChainCert, tlsKey, tlsCaCert, tlsCiphers } = config;
  assert(tlsChainCert !== null && tlsKey !== null, 'TLS is asked for with both files');
  const chain = step(`loading the certificate chain: ${tlsChainCert} : `, () => {
    const text = readFileSync(tlsChainCert, 'latin1');
    createSecureContext({ cert: text });
    return text;
  });
  const key = step(`loading the key: ${tlsKey} : `, () => keyRead(tlsKey, config.tlsKeyFormat));
  step('validating the certificate: ', () => createSecureContext({ cert: chain, key }));
  const authorities =
    tlsCaCert === null
      ? null
      : step(`loading the CA certificate: ${tlsCaCert} : `, () => {
          const text = readFileSync(tlsCaCert, 'latin1');
          new X509Certificate(text); // a file without one would pass for an empty list
          createSecureContext({ ca: text });
          return text;
        });
  if (tlsCiphers !== null) {
    step(`setting the ciphers: ${tlsCiphers} : `, () =>
      createSecureContext({ ciphers: tlsCiphers }),
    );
  }
  return { chain, key, authorities };
}

function step<Result>(doing: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new TlsFilesError(`${doing}${errorReason(error)}`);
  }
}

/** The key, PEM. A DER file does not say which of its three forms it has. */
function keyRead(path: string, format: number): string {
  const bytes = readFileSync(path);
  if (format !== KEY_FORMAT_DER) {
    createPrivateKey(bytes);
    return bytes.toString('latin1');
  }
  for (const type of DER_KEY_TYPES) {
    const key = derKeyRead(bytes, type);
    if (key !== null) return key.export({ format: 'pem', type: 'pkcs8' }).toString();
  }
  throw new Error('not a private key in DER');
}

function derKeyRead(bytes: Buffer, type: (typeof DER_KEY_TYPES)[number]): KeyObject | null {
  try {
    return createPrivateKey({ key: bytes, format: 'der', type });
  } catch {
    return null; // it has another form, or is no key: the caller tells
  }
}

/** What a listener of the mode asks of its clients, as a tls.Server takes it. */
export function tlsDemands(
  mode: TlsMode,
  verifyMode: number,
): { requestCert: boolean; rejectUnauthorized: boolean } {
  if (mode === 'require') return { requestCert: true, rejectUnauthorized: true };
  const asks = mode === 'default' && verifyMode !== VERIFY.NONE;
  return { requestCert: asks, rejectUnauthorized: asks && verifyMode !== VERIFY.REQUEST };
}

/**
 * The context of a mode. A session can be resumed only where the same mode began it, so that none
 * begun without a certificate slips in where one is demanded. Without ticket keys no session can be
 * resumed at all: there are no tickets, and nobody remembers sessions by their ids.
 */
export function tlsContextOptions(
  mode: TlsMode,
  config: CommandConfig,
  files: TlsFiles,
  ticketKeys: TicketKeys | null,
): SecureContextOptions {
  const { SSL_OP_NO_TICKET, SSL_OP_NO_RENEGOTIATION } = constants;
  return {
    cert: files.chain,
    key: files.key,
    ca: files.authorities ?? [], // none given must not mean those that Node brings
    minVersion: config.tlsMinVersion === TLS_1_3 ? 'TLSv1.3' : 'TLSv1.2',
    sessionIdContext: `flagstone ${mode}`,
    secureOptions: SSL_OP_NO_RENEGOTIATION | (ticketKeys === null ? SSL_OP_NO_TICKET : 0),
    ...(config.tlsCiphers === null ? {} : { ciphers: config.tlsCiphers }),
    ...(ticketKeys === null ? {} : { ticketKeys: Buffer.from(ticketKeys) }),
  };
}
