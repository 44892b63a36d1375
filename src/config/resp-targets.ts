/** Where RESP is listened on: `bind`, `port`, `tls-port` and `unixsocket`, as a listener takes them. */
import { bytesPath } from './conf-load.ts';
import type { Settings } from './directive-table.ts';

export type RespTarget = {
  /** Null: all interfaces. */
  readonly host: string | null;
  readonly port: number;
  readonly tls: 'off' | 'default';
  readonly protocol: 'resp';
  /** The machine may lack the address. */
  readonly isOptional: boolean;
};

/** `*` is all of IPv4, `::*` all of IPv6; each may have a hyphen before it. */
const ANY_IPV4 = '*';
const ANY_IPV6 = '::*';
const SOCKET_MODE_OPEN = 0o777;

/** Every TCP address, those in the clear first. */
export function respTargets({ bind, port, tlsPort }: Settings): readonly RespTarget[] {
  const hosts = hostsOf(bind);
  const at = (number: number, tls: RespTarget['tls']): RespTarget[] =>
    number === 0
      ? []
      : hosts.map((host) => ({ ...host, port: number, tls, protocol: 'resp' as const }));
  return [...at(port, 'off'), ...at(tlsPort, 'default')];
}

/** The unix socket and its file mode, or null. */
export function respUnixTarget({ unixsocket, unixsocketperm }: Settings): {
  readonly path: string;
  readonly mode: number;
} | null {
  if (unixsocket === '') return null;
  const mode = unixsocketperm === 0 ? SOCKET_MODE_OPEN & ~process.umask() : unixsocketperm;
  return { path: bytesPath(unixsocket), mode };
}

/** Both families together are one listener, where the system has both. */
function hostsOf(bind: Settings['bind']): Pick<RespTarget, 'host' | 'isOptional'>[] {
  const hosts = bind.map((word) => ({
    host: word.replace(/^-/, ''),
    isOptional: word.startsWith('-'),
  }));
  const names = hosts.map(({ host }) => host);
  if (names.includes(ANY_IPV4) && names.includes(ANY_IPV6)) {
    return [{ host: null, isOptional: false }];
  }
  return hosts.map(({ host, isOptional }) => ({
    host: host === ANY_IPV4 ? '0.0.0.0' : host === ANY_IPV6 ? '::' : host,
    isOptional,
  }));
}
