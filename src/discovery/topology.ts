/**
 * A topology: who belongs to the cluster, and how one learns of changes. There are four, one for each
 * way to be told: the node alone, a fixed list, a watched file, etcd.
 */
import type { ClusterConfig, ClusterNode } from '../protocol/memcached/cluster-config.ts';

export interface Topology {
  /**
   * What is known before the node serves, so that not even its first client finds nothing; or null.
   *   self   this node, as far as that is known by now
   */
  foretell(self: ClusterNode | null): ClusterConfig | null;
  /**
   * Starts to tell. `tell` is called with the first configuration once it is known, and with each that
   * follows; versions only ever rise.
   *   self   this node, which serves from now on; null when no client can find it by host and port
   */
  start(self: ClusterNode | null, tell: (config: ClusterConfig) => void): void;
  /** Takes this node off the list, where that is its to do, and stops. Never rejects. */
  stop(): Promise<void>;
}
