/** The topologies that never change: the node alone, and a list from the command line. */
import type { ClusterConfig, ClusterNode, NodeList } from '../protocol/memcached/cluster-config.ts';
import type { Topology } from './topology.ts';

const VERSION_FIRST = 1;

/** The node itself is the cluster. Without a host and port to be found by, there is nothing to tell. */
export class SelfTopology implements Topology {
  foretell(self: ClusterNode | null): ClusterConfig | null {
    return self === null ? null : { version: VERSION_FIRST, nodes: [self] };
  }

  start(self: ClusterNode | null, tell: (config: ClusterConfig) => void): void {
    const config = this.foretell(self);
    if (config !== null) tell(config);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** A list, the same on every node if it was given to every node; its version, unless it says, is 1. */
export class ListTopology implements Topology {
  private readonly config: ClusterConfig;

  constructor(list: NodeList) {
    this.config = { version: list.version ?? VERSION_FIRST, nodes: list.nodes };
  }

  foretell(): ClusterConfig {
    return this.config;
  }

  start(_self: ClusterNode | null, tell: (config: ClusterConfig) => void): void {
    tell(this.config);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
