/**
 * Where to listen: `-l` and `-s` as written, and what they come to together with `-p`.
 */
import { isIPv6 } from 'node:net';
import { FAULT } from '../base/errors.ts';
import type { Config } from './config.ts';

/** What to hand to listen(). `host` null: all interfaces. `port` 0: any free one. */
export interface ListenTarget {
  readonly host: string | null;
  readonly port: number;
}

interface ListenAddress {
  readonly host: string | null;
  readonly port: number | null;
}

/** Bytes of a path that fit a socket address (sun_path), without the closing zero. */
export const UNIX_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

const PORT_MAX = 65535;

// memcached's per-listener prefixes: proto[ascii]: tag[name]: tag_name_: notls: btls: mtls:
const LISTENER_PREFIX = /^(proto\[|tag[[_]|notls:|btls:|mtls:)/;
const HOST_NAME = /^[a-z0-9._-]+$/i;

/**
 * Splits and checks one `-l` argument: addresses set apart by commas or semicolons, each `host`,
 * `host:port`, `v6`, `[v6]:port`, or `*` for all interfaces. Names are looked up when listening.
 *   label   the option's name without its value: a message adds the address it is about
 */
export function listenAddressesParse(text: string, label: string): readonly string[] {
  const addresses = text.split(/[,;]/).filter((address) => address !== '');
  if (addresses.length === 0) throw FAULT.optionValue(label, 'no address given');
  for (const address of addresses) addressSplit(address, `${label} ${address}`);
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
  config: Pick<Config, 'listenAddresses' | 'port' | 'unixSocketPath'>,
): readonly ListenTarget[] {
  if (config.unixSocketPath !== null || config.port === 0) return [];
  const portShared = config.port === -1 ? 0 : config.port;
  if (config.listenAddresses.length === 0) return [{ host: null, port: portShared }];
  return config.listenAddresses.map((address) => {
    const { host, port } = addressSplit(address, address);
    return { host, port: port ?? portShared };
  });
}

/** A target as a message names it: `port 11211`, `127.0.0.1:11211`, `[::1]:11211`. */
export function listenTargetText(target: ListenTarget): string {
  if (target.host === null) return `port ${target.port}`;
  return isIPv6(target.host) ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

function addressSplit(address: string, label: string): ListenAddress {
  if (LISTENER_PREFIX.test(address)) {
    const why = 'listeners with a protocol, tag or TLS mode of their own are not in this version';
    throw FAULT.optionValue(label, why);
  }
  if (isIPv6(address)) return { host: address, port: null };
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(.*))?$/.exec(address);
  if (match === null) throw FAULT.optionValue(label, 'not an address');
  const bracketed: string | undefined = match[1];
  const name: string | undefined = match[2];
  const isSound =
    bracketed === undefined ? name === '*' || HOST_NAME.test(name) : isIPv6(bracketed);
  if (!isSound) throw FAULT.optionValue(label, 'not an address');
  const host = bracketed ?? (name === '*' ? null : name);
  return { host, port: portOf(match[3], label) };
}

function portOf(text: string | undefined, label: string): number | null {
  if (text === undefined) return null;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= PORT_MAX) return port;
  throw FAULT.optionValue(label, `the port must be from 1 to ${PORT_MAX}`);
}
