/** Asking a running server over its admin port, for the subcommands of the program. */
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { errorReason, FAULT } from '../base/errors.ts';

export const ADMIN_PORT_USUAL = 11280;
const ANSWER_MS_MAX = 10_000;

/** Where the port is, and what opens it. */
export type AdminAddress = {
  readonly url: URL;
  readonly token: string | null;
  /** PEM; null: those that Node knows. */
  readonly authority: string | null;
};

export type AdminAddressWords = {
  readonly admin: string;
  readonly tokenFile?: string | undefined;
  readonly ca?: string | undefined;
};

/**
 * What the words of a command line and the environment come to.
 *   admin    `11280`, `host:11280`, `http://host:11280`, `https://host:11280`
 *   errors   FlagstoneError
 */
export function adminAddress(
  { admin, tokenFile, ca }: AdminAddressWords,
  env: Readonly<Record<string, string | undefined>>,
): AdminAddress {
  const full = /^\d+$/.test(admin) ? `127.0.0.1:${admin}` : admin;
  const text = full.includes('://') ? full : `http://${full}`;
  if (!URL.canParse(text)) throw FAULT.optionValue(`--admin ${admin}`, 'not an address');
  const path = tokenFile ?? env['FLAGSTONE_ADMIN_TOKEN_FILE'];
  const token =
    path === undefined || path === ''
      ? (env['FLAGSTONE_ADMIN_TOKEN'] ?? null)
      : fileRead(path).split('\n', 1)[0].trim();
  return { url: new URL(text), token, authority: ca === undefined ? null : fileRead(ca) };
}

function fileRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw FAULT.configUnreadable(path, errorReason(error));
  }
}

export type AdminAsking = {
  /** Whatever the status: it is part of the answer. */
  readonly isHealth?: boolean;
  /** Of who asks again and again; else each request has a connection of its own. */
  readonly agent?: Agent;
  /** What to POST, as JSON. */
  readonly body?: string;
  /** How long to wait for the answer. */
  readonly answerMsMax?: number;
};

/** Connections that are kept, for who asks again and again. */
export function adminAgent({ url }: AdminAddress): Agent {
  return url.protocol === 'https:'
    ? new HttpsAgent({ keepAlive: true })
    : new Agent({ keepAlive: true });
}

/** A page of the port. Errors: ADMIN_UNREACHABLE, also for an answer that is no 200, unless `isHealth`. */
export function adminPage(
  address: AdminAddress,
  path: string,
  { isHealth = false, agent, body, answerMsMax = ANSWER_MS_MAX }: AdminAsking = {},
): Promise<string> {
  const { url, token, authority } = address;
  const failed = (reason: string): Error => FAULT.adminUnreachable(url.host, reason);
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      agent: agent ?? false,
      ...(authority === null ? {} : { ca: authority }),
    };
    const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = ask(new URL(path, url), options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.once('error', (error) => reject(failed(errorReason(error))));
      response.once('end', () => {
        if (response.statusCode === 200 || isHealth) resolve(text);
        else reject(failed(text.trim() || `status ${response.statusCode}`));
      });
    });
    request.setTimeout(answerMsMax, () => request.destroy(new Error('no answer came')));
    request.once('error', (error) => reject(failed(errorReason(error))));
    request.end(body);
  });
}
