/**
 * What auto-discovery serves: a version and the nodes of a cluster, as clients read them and as people
 * write them.
 *
 *   payload     7⏎ a.example|10.0.0.1|11211 b.example|10.0.0.2|11211⏎     version LF nodes LF
 *   node list   nodes set apart by spaces, commas or line ends; before them, if wanted, the version;
 *               lines that start with # say nothing. A node is host|ip|port, host||port or host:port.
 *
 * Nodes are sorted by host name, then by port, so that every node of a cluster serves the same bytes.
 * Spec: Amazon ElastiCache for Memcached user guide, "Adding auto discovery to your client library".
 */
import { isIP, isIPv6 } from 'node:net';

export type ClusterNode = {
  /** A host name or an address; what keys are spread by, so it should stay when a node is replaced. */
  readonly host: string;
  /** An address, or '' for none. */
  readonly ip: string;
  readonly port: number;
};

export type ClusterConfig = {
  /** Clients take over only what has a higher version than theirs; 0 is an error to some. */
  readonly version: number;
  readonly nodes: readonly ClusterNode[];
};

/** A node list as read; the version is null where none was written. */
export type NodeList = {
  readonly version: number | null;
  readonly nodes: readonly ClusterNode[];
};

/** What came of reading a text: the value, or what is wrong with it. */
export type Parsed<Value> =
  | { readonly value: Value; readonly problem: null }
  | { readonly value: null; readonly problem: string };

/** The entry of the config store that clients ask for, and what they asked for before 1.4.14. */
export const CLUSTER_KEY = Buffer.from('cluster');
export const LEGACY_KEY = Buffer.from('AmazonElastiCache:cluster');

/** As much as an entry of the config store holds. */
export const PAYLOAD_BYTES_MAX = 65536;
/** Amazon's fork of libmemcached reads no more. */
export const PAYLOAD_BYTES_COMMON = 8196;

/** Fits the signed 64-bit number of the strictest client, and a double. */
const VERSION_DIGITS_MAX = 15;
const HOST_BYTES_MAX = 253;
const PORT_MAX = 65535;
const HOST_LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Reads a node list. It may be empty; two nodes of one host have different ports. */
export function nodeListParse(text: string): Parsed<NodeList> {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const words = lines.join('\n').split(/[\s,]+/);
  const wanted = words.filter((word) => word !== '');
  let version: number | null = null;
  if (/^\d+$/.test(wanted[0] ?? '')) {
    const digits = wanted.shift() as string;
    version = Number(digits);
    if (version < 1 || digits.length > VERSION_DIGITS_MAX) {
      return fault(`${digits} is no version: from 1, at most ${VERSION_DIGITS_MAX} digits`);
    }
  }
  const nodes: ClusterNode[] = [];
  const places = new Set<string>();
  for (const word of wanted) {
    const { value, problem } = nodeParse(word);
    if (problem !== null) return fault(problem);
    if (places.has(nodePlace(value))) return fault(`${nodePlace(value)} is listed twice`);
    places.add(nodePlace(value));
    nodes.push(value);
  }
  const bytes = payloadBytes({ version: version ?? 10 ** VERSION_DIGITS_MAX - 1, nodes });
  if (bytes.length > PAYLOAD_BYTES_MAX) {
    return fault(`${nodes.length} nodes are too many: more than ${PAYLOAD_BYTES_MAX} bytes`);
  }
  return { value: { version, nodes: nodesSorted(nodes) }, problem: null };
}

/** Reads one node. */
export function nodeParse(text: string): Parsed<ClusterNode> {
  const match = /^([^|]*)\|([^|]*)\|([^|]*)$/.exec(text) ?? /^([^:|]*)()(?::(.*))$/.exec(text);
  if (match === null) return fault(`${text} is no node: host|ip|port or host:port`);
  const [, host, ip, portText] = match;
  if (!hostIsSound(host)) return fault(`${text}: ${host === '' ? 'no' : 'not a'} host name`);
  if (ip !== '' && isIP(ip) === 0) return fault(`${text}: ${ip} is not an address`);
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN;
  if (!(port >= 1 && port <= PORT_MAX)) return fault(`${text}: the port must be from 1 to 65535`);
  return { value: { host, ip, port }, problem: null };
}

export function hostIsSound(host: string): boolean {
  if (isIPv6(host)) return true;
  return host.length <= HOST_BYTES_MAX && host.split('.').every((label) => HOST_LABEL.test(label));
}

export function nodeText(node: ClusterNode): string {
  return `${node.host}|${node.ip}|${node.port}`;
}

/** What makes a node itself: its host name and port, whatever address they stand for. */
export function nodePlace(node: ClusterNode): string {
  return `${node.host}:${node.port}`;
}

export function nodesText(nodes: readonly ClusterNode[]): string {
  return nodes.map(nodeText).join(' ');
}

/** By host name, as bytes compare, then by port. */
export function nodesSorted(nodes: readonly ClusterNode[]): readonly ClusterNode[] {
  return nodes.toSorted((a, b) => {
    if (a.host !== b.host) return a.host < b.host ? -1 : 1;
    return a.port - b.port;
  });
}

/** The payload of `config get cluster`. */
export function payloadBytes(config: ClusterConfig): Buffer {
  return Buffer.from(`${config.version}\n${nodesText(config.nodes)}\n`, 'latin1');
}

function fault(problem: string): { readonly value: null; readonly problem: string } {
  return { value: null, problem };
}
