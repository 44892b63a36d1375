/** What servers answer to `config get cluster`. */
import type { ServerProcess } from '../support/server.ts';
import { clientUse, eventually } from '../support/text-client.ts';

export type Served = { readonly version: number; readonly nodes: readonly string[] };

/** The configuration that a server serves; null: none yet. */
export function servedBy(server: ServerProcess): Promise<Served | null> {
  return clientUse(server.address, async (client) => {
    const head = await client.ask('config get cluster\r\n');
    if (head === 'END') return null;
    const bytes = Number(/^CONFIG cluster 0 (\d+)$/.exec(head)?.[1]);
    const [version, nodes] = (await client.take(bytes)).toString('latin1').split('\n');
    return { version: Number(version), nodes: nodes.split(' ') };
  });
}

/** Waits until every one of the servers serves this version, and tells which nodes they name. */
export async function allServe(
  servers: readonly ServerProcess[],
  version: number,
): Promise<readonly string[]> {
  const answers = await eventually(
    `version ${version} from ${servers.length} nodes`,
    () => Promise.all(servers.map(servedBy)),
    (all) => all.every((one) => (one?.version ?? 0) >= version),
    30_000,
  );
  const texts = new Set(answers.map((one) => JSON.stringify(one)));
  if (texts.size !== 1 || answers[0]?.version !== version) {
    const logs = servers.map((server) => server.log()).join('\n');
    throw new Error(`not version ${version} everywhere: ${[...texts].join(' and ')}\n${logs}`);
  }
  return answers[0].nodes;
}

/** How a server on 127.0.0.1 is listed under that name. */
export function nodeOf({ port }: ServerProcess): string {
  return `127.0.0.1|127.0.0.1|${port}`;
}

export function nodesOf(servers: readonly ServerProcess[]): readonly string[] {
  return servers.toSorted((a, b) => a.port - b.port).map(nodeOf);
}
