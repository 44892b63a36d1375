/**
 * Where to listen: `-l` and `-s` as written, and what they come to together with `-p`.
 */
import { isIPv6 } from 'node:net';
import { FAULT } from '../base/errors.ts';
import type { Config } from './config.ts';

/**
 * How a listener meets its clients:
 *   off        in the clear
 *   default    by TLS, asking for certificates as ssl_verify_mode says
 *   anonymous  by TLS, asking for no certificate
 *   require    by TLS, refusing clients without a certificate that ssl_ca_cert vouches for
 */
export type ListenTls = 'off' | 'default' | 'anonymous' | 'require';

/** What a listener speaks; auto: as the first byte of each connection tells. */
export type ListenProtocol = Config['protocol'];

/** What to hand to listen(). `host` null: all interfaces. `port` 0: any free one. */
export interface ListenTarget {
  readonly host: string | null;
  readonly port: number;
  readonly tls: ListenTls;
  readonly protocol: ListenProtocol;
}

/** The same for datagrams, which know neither TLS nor a protocol per listener. */
export type UdpTarget = Pick<ListenTarget, 'host' | 'port'>;

/** One address of `-l`, taken apart. Null: not said, so that other options decide. */
export interface ListenAddress {
  readonly host: string | null;
  readonly port: number | null;
  readonly tls: ListenTls | null;
  readonly protocol: ListenProtocol | null;
}

/** Bytes of a path that fit a socket address (sun_path), without the closing zero. */
export const UNIX_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

const PORT_MAX = 65535;

// Before the host, in this order (memcached.c, server_sockets()): notls: proto[ascii]: tag[name]:
const TLS_PREFIX = /^(notls|btls|mtls):/;
const PROTOCOL_PREFIX = /^proto\[([^\]]*)\]:/;
const TAG_PREFIX = /^tag(\[|_[^_]*_:)/;

const TLS_OF_PREFIX = new Map<string, ListenTls>([
  ['notls', 'off'],
  ['btls', 'anonymous'],
  ['mtls', 'require'],
]);

const PROTOCOL_OF_PREFIX = new Map<string, ListenProtocol>([
  ['ascii', 'ascii'],
  ['binary', 'binary'],
  ['negotiating', 'auto'],
]);

const ALL_INTERFACES: ListenAddress = { host: null, port: null, tls: null, protocol: null };

const HOST_NAME = /^[a-z0-9._-]+$/i;

/**
 * Splits and checks one `-l` argument: addresses set apart by commas or semicolons, each `host`,
 * `host:port`, `v6`, `[v6]:port`, or `*` for all interfaces. Names are looked up when listening.
 * Before each may stand `notls:`, `btls:` or `mtls:`, and then `proto[ascii]:`, `proto[binary]:` or
 * `proto[negotiating]:`.
 *   label   the option's name without its value: a message adds the address it is about
 */
export function listenAddressesParse(text: string, label: string): readonly string[] {
  const addresses = text.split(/[,;]/).filter((address) => address !== '');
  if (addresses.length === 0) throw FAULT.optionValue(label, 'no address given');
  for (const address of addresses) listenAddressSplit(address, `${label} ${address}`);
  return addresses;
}

/** A path for a unix socket that the system can bind. */
export function unixSocketPathParse(text: string, label: string): string {
  if (text === '') throw FAULT.optionValue(label, 'must not be empty');
  if (Buffer.byteLength(text) > UNIX_PATH_BYTES_MAX) {
    throw FAULT.optionValue(label, `a socket's path has at most ${UNIX_PATH_BYTES_MAX} bytes`);
  }
  return text;
}

/** Every TCP address to listen on; none with `-p 0`, or with a unix socket. */
export function listenTargets(
  config: Pick<
    Config,
    | 'authFile'
    | 'listenAddresses'
    | 'port'
    | 'protocol'
    | 'saslEnabled'
    | 'tlsEnabled'
    | 'unixSocketPath'
  >,
): readonly ListenTarget[] {
  if (config.unixSocketPath !== null || config.port === 0) return [];
  // -S and -Y leave one protocol, and no listener a way around it: see config-rules.ts.
  const isOneProtocol = config.saslEnabled || config.authFile !== null;
  return addressesOf(config).map(({ host, port, tls, protocol }) => ({
    host,
    port: port ?? portShared(config.port),
    tls: config.tlsEnabled ? (tls ?? 'default') : 'off',
    protocol: isOneProtocol ? config.protocol : (protocol ?? config.protocol),
  }));
}

/**
 * Every UDP address to listen on; none with a unix socket. As in memcached a port that stands in an
 * address of `-l` is the port for TCP and for UDP.
 */
export function udpTargets(
  config: Pick<Config, 'listenAddresses' | 'udpPort' | 'unixSocketPath'>,
): readonly UdpTarget[] {
  if (config.unixSocketPath !== null || config.udpPort === 0) return [];
  return addressesOf(config).map(({ host, port }) => ({
    host,
    port: port ?? portShared(config.udpPort),
  }));
}

/** A target as a message names it: `port 11211`, `127.0.0.1:11211`, `[::1]:11211`. */
export function listenTargetText(target: UdpTarget): string {
  if (target.host === null) return `port ${target.port}`;
  return isIPv6(target.host) ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/**
 * Takes one address apart.
 *   label    the option and the address, for messages
 *   errors   OPTION_VALUE, where it is none
 */
export function listenAddressSplit(address: string, label: string): ListenAddress {
  let rest = address;
  const tls = TLS_OF_PREFIX.get(TLS_PREFIX.exec(rest)?.[1] ?? '') ?? null;
  rest = rest.replace(TLS_PREFIX, '');
  const protocol = protocolOf(PROTOCOL_PREFIX.exec(rest)?.[1], label);
  rest = rest.replace(PROTOCOL_PREFIX, '');
  if (TAG_PREFIX.test(rest)) {
    const why = 'tags are for the proxy of memcached, which is not in this version';
    throw FAULT.optionValue(label, why);
  }
  return { ...hostAndPort(rest, label), tls, protocol };
}

function protocolOf(word: string | undefined, label: string): ListenProtocol | null {
  if (word === undefined) return null;
  const protocol = PROTOCOL_OF_PREFIX.get(word);
  if (protocol !== undefined) return protocol;
  const words = [...PROTOCOL_OF_PREFIX.keys()].join(', ');
  throw FAULT.optionValue(label, `the protocol must be one of ${words}`);
}

function hostAndPort(text: string, label: string): Pick<ListenAddress, 'host' | 'port'> {
  if (isIPv6(text)) return { host: text, port: null };
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(.*))?$/.exec(text);
  if (match === null) throw FAULT.optionValue(label, 'not an address');
  const bracketed: string | undefined = match[1];
  const name: string | undefined = match[2];
  const isSound =
    bracketed === undefined ? name === '*' || HOST_NAME.test(name) : isIPv6(bracketed);
  if (!isSound) throw FAULT.optionValue(label, 'not an address');
  const host = bracketed ?? (name === '*' ? null : name);
  return { host, port: portOf(match[3], label) };
}

/** The addresses of `-l`; without any, all interfaces. */
function addressesOf(config: Pick<Config, 'listenAddresses'>): readonly ListenAddress[] {
  if (config.listenAddresses.length === 0) return [ALL_INTERFACES];
  return config.listenAddresses.map((address) => listenAddressSplit(address, address));
}

/** The port of `-p` or `-U` as listen() takes it. */
function portShared(port: number): number {
  return port === -1 ? 0 : port;
}

function portOf(text: string | undefined, label: string): number | null {
  if (text === undefined) return null;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= PORT_MAX) return port;
  throw FAULT.optionValue(label, `the port must be from 1 to ${PORT_MAX}`);
}
