/**
 * Auto-discovery: takes what the topology tells into the config store, from which all threads answer.
 * Runs on the main thread, which never waits for the store's lock and so may have to come again.
 */
import { assert } from '../base/assert.ts';
import type { Logger } from '../base/log.ts';
import { type ConfigStore, configTrySet } from '../memory/config-store.ts';
import {
  CLUSTER_KEY,
  type ClusterConfig,
  type ClusterNode,
  nodeListParse,
  nodesText,
  PAYLOAD_BYTES_COMMON,
  payloadBytes,
} from '../protocol/memcached/cluster-config.ts';
import type { EtcdEndpoint } from './etcd-client.ts';
import { EtcdTopology } from './etcd-topology.ts';
import { FileTopology } from './file-topology.ts';
import { ListTopology, SelfTopology } from './fixed-topology.ts';
import type { Topology } from './topology.ts';

/** The part of the configuration that says where the list comes from: at most one of the first three. */
export type DiscoveryConfig = {
  readonly clusterNodes: string | null;
  readonly clusterNodesFile: string | null;
  readonly etcdEndpoints: string | null;
  readonly clusterName: string;
  readonly etcdTtlSec: number;
};

const CLIENT_FLAGS = 0;
const LOCK_RETRY_MS = 1;

export class Discovery {
  private readonly topology: Topology;
  private readonly store: ConfigStore;
  private readonly log: Logger;
  private retry: NodeJS.Timeout | undefined;
  private isStarted = false;
  /** What was taken last. */
  private taken: ClusterConfig | null = null;

  constructor(topology: Topology, store: ConfigStore, log: Logger) {
    this.topology = topology;
    this.store = store;
    this.log = log;
  }

  /** Before the node serves. `self`: how it will be listed, or null if that is not known yet. */
  prepare(self: ClusterNode | null): void {
    const config = this.topology.foretell(self);
    if (config !== null) this.take(config);
  }

  /** `self`: how this node is listed; it must serve by now. */
  start(self: ClusterNode | null): void {
    this.isStarted = true;
    this.topology.start(self, (config) => this.take(config));
  }

  /** Takes the node off the list. What is served stays as it is. */
  async stop(): Promise<void> {
    if (this.isStarted) await this.topology.stop();
  }

  private take(config: ClusterConfig): void {
    if (config.version === this.taken?.version) return;
    this.taken = config;
    const payload = payloadBytes(config);
    const nodes = nodesText(config.nodes);
    this.log.info({ version: config.version, nodes }, 'the nodes of the cluster');
    if (payload.length > PAYLOAD_BYTES_COMMON) {
      const bytes = payload.length;
      const limit = PAYLOAD_BYTES_COMMON;
      this.log.warn({ bytes, limit }, 'the list of nodes is longer than some clients can read');
    }
    this.publish(payload);
  }

  private publish(payload: Buffer): void {
    clearTimeout(this.retry);
    if (configTrySet(this.store, CLUSTER_KEY, CLIENT_FLAGS, payload)) return;
    this.retry = setTimeout(() => this.publish(payload), LOCK_RETRY_MS);
  }
}

/** The topology that the options ask for. Throws the fault of a file that cannot be used. */
export function topologyCreate(config: DiscoveryConfig, log: Logger): Topology {
  if (config.clusterNodes !== null) {
    const { value } = nodeListParse(config.clusterNodes);
    assert(value !== null, 'the options were checked');
    return new ListTopology(value);
  }
  if (config.clusterNodesFile !== null) return new FileTopology(config.clusterNodesFile, log);
  if (config.etcdEndpoints === null) return new SelfTopology();
  const endpoints = config.etcdEndpoints.split(',').map(endpointRead);
  const { clusterName, etcdTtlSec } = config;
  return new EtcdTopology({ endpoints, clusterName, ttlSec: etcdTtlSec }, log);
}

/** fetch wants user and password out of the URL. */
function endpointRead(text: string): EtcdEndpoint {
  const url = new URL(text);
  const name = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  const path = url.pathname.replace(/\/$/, '');
  return { url: `${url.origin}${path}`, user: name === '' ? null : { name, password } };
}
