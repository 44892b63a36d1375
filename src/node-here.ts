/** How clients find this node. */
import { hostname, networkInterfaces } from 'node:os';
import type { Config } from './cli/config.ts';
import { listenTargets } from './cli/listen-address.ts';
import { announcedNode } from './discovery/announced-node.ts';
import type { ClusterNode } from './protocol/memcached/cluster-config.ts';

/** Null: by no list. `ports`: those for TCP that are listened on. */
export function nodeHere(config: Config, ports: readonly number[]): ClusterNode | null {
  return announcedNode({
    announce: config.announce,
    listenHost: listenTargets(config)[0]?.host ?? null,
    ports,
    hostName: hostname(),
    interfaces: networkInterfaces(),
  });
}
