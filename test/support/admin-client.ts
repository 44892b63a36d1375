/** Asking the admin port, for tests, and reading what it says. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { portFree } from './free-port.ts';
import { type RespServer, respSpawn } from './resp-server.ts';

export type AdminAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

export type AdminAsking = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly host?: string;
  /** Present: by TLS. */
  readonly tls?: ConnectionOptions;
};

const SPAWN_COUNT_MAX = 3;

export type AdminServer = RespServer & { readonly adminPort: number };

/** Ours, with an admin port. */
export async function adminSpawn(flags: readonly string[] = []): Promise<AdminServer> {
  for (let spawn = 1; ; spawn++) {
    const adminPort = await portFree();
    try {
      const server = await respSpawn(['--admin-port', `${adminPort}`, ...flags]);
      return { ...server, adminPort };
    } catch (error) {
      // Somebody else may take the port before the server does.
      if (spawn === SPAWN_COUNT_MAX || !`${error}`.includes('in use already')) throw error;
    }
  }
}

/** One request on a connection of its own. */
export function adminAsk(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, host = '127.0.0.1', tls }: AdminAsking = {},
): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path, method, headers, agent: false as const };
    const request = tls === undefined ? httpRequest(options) : httpsRequest({ ...options, ...tls });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    request.end(body);
  });
}

/** The page /metrics, by name and labels: `redis_commands_total{cmd="get"}`. */
export async function metricsAsk(
  port: number,
  asking: AdminAsking = {},
): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await adminAsk(port, '/metrics', asking);
  if (status !== 200) throw new Error(`/metrics answers ${status}: ${body}`);
  return metricsParse(body);
}

export function metricsParse(text: string): ReadonlyMap<string, number> {
  const metrics = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line);
    if (match !== null) metrics.set(match[1], Number(match[2].replace('Inf', 'Infinity')));
  }
  return metrics;
}
