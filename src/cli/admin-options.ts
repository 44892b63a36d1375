/** The options of the admin port: what they may be, and what they may be together. */
import { isIP } from 'node:net';
import { FAULT } from '../base/errors.ts';
import type { Draft } from './config.ts';
import { listenAddressSplit } from './listen-address.ts';

/** A shorter token could be guessed. */
export const ADMIN_TOKEN_BYTES_MIN = 16;
const ADMIN_TOKEN_BYTES_MAX = 256;
const ADMIN_NAMES = ['admin-listen', 'admin-token', 'admin-token-file', 'admin-tls'];

/** One address without a port: a name, an IP, or `*` for all interfaces. */
export function adminListenParse(text: string, label: string): string {
  const { host, port, tls, protocol } = listenAddressSplit(text, label);
  if (port !== null || tls !== null || protocol !== null) {
    throw FAULT.optionValue(label, 'an address alone; the port is --admin-port');
  }
  return host ?? '*';
}

/** What a client sends to be let in: printable, long enough, without a blank. */
export function adminTokenParse(text: string, label: string): string {
  // The value itself is not for messages.
  const option = label.split(/[ =]/, 1)[0];
  const problem = adminTokenProblem(text);
  if (problem !== null) throw FAULT.optionValue(option, problem);
  return text;
}

function adminTokenProblem(token: string): string | null {
  if (!/^[!-~]*$/.test(token)) return 'a token is of printable ASCII without blanks';
  if (token.length < ADMIN_TOKEN_BYTES_MIN)
    return `a token has at least ${ADMIN_TOKEN_BYTES_MIN} characters`;
  if (token.length > ADMIN_TOKEN_BYTES_MAX)
    return `a token has at most ${ADMIN_TOKEN_BYTES_MAX} characters`;
  return null;
}

/** Whether nobody but this machine can reach the address. */
export function hostIsLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

export function adminRules({ config, given, warnings }: Draft): void {
  if (config.adminPort === 0) {
    for (const name of ADMIN_NAMES) {
      if (given.has(name)) warnings.push(`--${name} has no effect: it is for --admin-port`);
    }
    return;
  }
  if (config.adminToken !== null && config.adminTokenFile !== null) {
    throw FAULT.optionRefused('--admin-token with --admin-token-file', 'there is one token');
  }
  if (config.adminTls !== 'off') {
    const label = `--admin-tls ${config.adminTls}`;
    if (config.tlsChainCert === null || config.tlsKey === null) {
      throw FAULT.optionValue(label, 'needs -o ssl_chain_cert=FILE,ssl_key=FILE');
    }
    if (config.adminTls === 'mtls' && config.tlsCaCert === null) {
      throw FAULT.optionValue(label, 'needs -o ssl_ca_cert=FILE, which vouches for clients');
    }
  }
  const hasKey =
    config.adminToken !== null || config.adminTokenFile !== null || config.adminTls === 'mtls';
  if (!hasKey && !hostIsLoopback(config.adminListen)) {
    warnings.push(
      `--admin-listen ${config.adminListen} without a token or --admin-tls mtls: other machines are told of health and nothing else`,
    );
  }
}
