/** How this node is listed, unless `--announce` says it: by host name, address and port. */
import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { assert } from '../base/assert.ts';
import { type ClusterNode, hostIsSound, nodeParse } from '../protocol/memcached/cluster-config.ts';

const ANY_ADDRESSES = ['0.0.0.0', '::'];
const LINK_LOCAL = /^fe80:/i;

/** What is known of the node and its machine. */
export type NodeFacts = {
  /** As given, and checked already; null: not given. */
  readonly announce: string | null;
  /** What the first listener was told to listen on; null: all interfaces. */
  readonly listenHost: string | null;
  /** The TCP ports that are listened on. */
  readonly ports: readonly number[];
  readonly hostName: string;
  /** As os.networkInterfaces() gives them. */
  readonly interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>;
};

/** The node, or null where it has neither a TCP port nor `--announce`. */
export function announcedNode(facts: NodeFacts): ClusterNode | null {
  if (facts.announce !== null) {
    const { value } = nodeParse(facts.announce);
    assert(value !== null, 'the options were checked');
    return value;
  }
  if (facts.ports.length === 0) return null;
  const ip = addressOf(facts);
  const host = hostIsSound(facts.hostName) || ip === '' ? facts.hostName : ip;
  return { host, ip, port: facts.ports[0] };
}

/** The address listened on; else the machine's first to the outside, IPv4 before IPv6; else none. */
function addressOf({ listenHost, interfaces }: NodeFacts): string {
  if (listenHost !== null && isIP(listenHost) !== 0 && !ANY_ADDRESSES.includes(listenHost)) {
    return listenHost;
  }
  const outside = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !LINK_LOCAL.test(address));
  const first = outside.find(({ family }) => family === 'IPv4') ?? outside[0];
  return first?.address ?? '';
}
