/**
 * Huge collections: what an element costs, and how long the slowest commands on them hold up other
 * clients.
 *
 *   node bench/collections.ts
 *
 *   bytes/element    growth of the server's resident memory by elements added
 *   took             time of the command
 *   least, most      longest time that GETs of another key waited meanwhile: of the client that waited
 *   delayed          least, which another thread serves if there is one, and of the one that waited most
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { argumentsRead, COMMON_FLAGS } from './support/arguments.ts';
import { processRssBytesRead } from './support/process-usage.ts';
import { numberFormat, progressSay, reportWrite, tableFormat } from './support/report.ts';
import { PEER_FLAG, respSpecsRead } from './support/resp-servers.ts';
import { type RunningServer, withServer } from './support/server.ts';

const ABOUT = 'Measures huge hashes, sorted sets, lists, sets and streams.';
const FLAGS = {
  ...COMMON_FLAGS,
  zset: { value: 'N', byDefault: '10000000', quick: '20000', doc: 'members of the sorted set' },
  hash: { value: 'N', byDefault: '5000000', quick: '20000', doc: 'fields of the hash' },
  list: { value: 'N', byDefault: '10000000', quick: '20000', doc: 'elements of the list' },
  set: { value: 'N', byDefault: '5000000', quick: '20000', doc: 'members of the set' },
  stream: { value: 'N', byDefault: '10000000', quick: '20000', doc: 'entries of the stream' },
  mem: { value: 'MIB', byDefault: '16384', quick: '256', doc: 'memory limit' },
  peer: PEER_FLAG,
} as const;

const BATCH_COUNT = 500;
const PROBE_COUNT = 8;

type Words = readonly string[];

/** A collection, how to fill it, and the commands on it that take longest. */
type Shape = {
  readonly name: 'zset' | 'hash' | 'list' | 'set' | 'stream';
  /** Requests that add so many elements. */
  readonly add: (from: number, count: number) => readonly Words[];
  readonly slow: readonly (readonly string[])[];
};

const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => from + at);

// biome-ignore format: a table reads in columns
const SHAPES: readonly Shape[] = [
  { name: 'zset', add: (from, n) => [['zadd', 'zset', ...range(from, n).flatMap((i) => [`${(i * 7919) % 1000003}`, `member:${i}`])]],
    slow: [['zrank', 'zset', 'member:77'], ['zrange', 'zset', '0', '99999'], ['zcount', 'zset', '10', '500000'], ['unlink', 'zset']] },
  { name: 'hash', add: (from, n) => [['hset', 'hash', ...range(from, n).flatMap((i) => [`field:${i}`, `value:${i}`])]],
    slow: [['hget', 'hash', 'field:77'], ['hgetall', 'hash'], ['unlink', 'hash']] },
  { name: 'list', add: (from, n) => [['rpush', 'list', ...range(from, n).map((i) => `element:${i}`)]],
    slow: [['lindex', 'list', '1234567'], ['lrange', 'list', '0', '99999'], ['linsert', 'list', 'before', 'element:9999', 'x'], ['ltrim', 'list', '10', '-10'], ['del', 'list']] },
  { name: 'set', add: (from, n) => [['sadd', 'set', ...range(from, n).map((i) => `member:${i}`)]],
    slow: [['sismember', 'set', 'member:77'], ['sinterstore', 'set2', 'set', 'set'], ['unlink', 'set', 'set2']] },
  { name: 'stream', add: (from, n) => range(from, n).map((i) => ['xadd', 'stream', `${1_700_000_000_000 + i}-*`, 'sensor', `${i % 1000}`, 'value', `${(i * 7919) % 1000003}`]),
    slow: [['xrange', 'stream', '1700000012345', '+', 'count', '10'], ['xrange', 'stream', '-', '+', 'count', '50000'], ['xdel', 'stream', '1700000012345'], ['xtrim', 'stream', 'maxlen', '1000'], ['unlink', 'stream']] },
];

class Client {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
  }

  static async open(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new Client(socket);
  }

  /** Sends requests and a PING behind them; resolves when all are answered. Milliseconds it took. */
  async run(...requests: readonly Words[]): Promise<number> {
    const startMs = performance.now();
    let tail = '';
    const done = new Promise<void>((resolve) => {
      const listen = (chunk: Buffer): void => {
        tail = (tail + chunk.subarray(-16).toString('latin1')).slice(-16);
        if (!tail.endsWith('+PONG\r\n')) return;
        this.socket.off('data', listen);
        resolve();
      };
      this.socket.on('data', listen);
    });
    this.socket.write([...requests, ['ping']].map(request).join(''));
    await done;
    return performance.now() - startMs;
  }
}

function request(words: Words): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

type Pause = { readonly command: string; readonly tookMs: number; readonly pausesMs: number[] };

type Result = {
  readonly server: string;
  readonly shape: string;
  readonly count: number;
  readonly bytesPerElement: number;
  readonly pauses: readonly Pause[];
};

async function shapeMeasure(server: RunningServer, shape: Shape, count: number): Promise<Result> {
  const client = await Client.open(server.port);
  await client.run(['flushall']);
  await sleep(300);
  const before = processRssBytesRead(server.pid);
  for (let from = 0; from < count; from += BATCH_COUNT) {
    await client.run(...shape.add(from, Math.min(BATCH_COUNT, count - from)));
  }
  const bytesPerElement = (processRssBytesRead(server.pid) - before) / count;
  const pauses: Pause[] = [];
  for (const words of shape.slow) pauses.push(await pauseMeasure(server.port, client, words));
  client.socket.destroy();
  return { server: server.title, shape: shape.name, count, bytesPerElement, pauses };
}

/** Runs a command while others ask for another key again and again. */
async function pauseMeasure(
  port: number,
  client: Client,
  words: readonly string[],
): Promise<Pause> {
  const probes = await Promise.all(Array.from({ length: PROBE_COUNT }, () => Client.open(port)));
  const longest = new Array<number>(PROBE_COUNT).fill(0);
  let goesOn = true;
  const asking = probes.map(async (probe, at) => {
    while (goesOn) longest[at] = Math.max(longest[at], await probe.run(['get', `other:${at}`]));
    probe.socket.destroy();
  });
  await sleep(50);
  longest.fill(0);
  const tookMs = await client.run(words);
  goesOn = false;
  await Promise.all(asking);
  return { command: words.slice(0, 4).join(' '), tookMs, pausesMs: longest.sort((a, b) => a - b) };
}

function resultsFormat(results: readonly Result[]): string {
  const elements = results.map(({ server, shape, count, bytesPerElement }) => [
    server,
    shape,
    `${count}`,
    numberFormat(bytesPerElement, 1),
  ]);
  const pauses = results.flatMap(({ server, pauses }) =>
    pauses.map(({ command, tookMs, pausesMs }) => [
      server,
      command,
      numberFormat(tookMs, 1),
      numberFormat(pausesMs[0], 1),
      numberFormat(pausesMs[PROBE_COUNT - 1], 1),
    ]),
  );
  const sizes = tableFormat(['server', 'collection', 'elements', 'bytes/element'], elements);
  const headers = ['server', 'command', 'took ms', 'least delayed ms', 'most delayed ms'];
  return `${sizes}\n${tableFormat(headers, pauses)}`;
}

async function main(): Promise<void> {
  const args = argumentsRead(ABOUT, FLAGS);
  const results: Result[] = [];
  const settings = { memMb: args.number('mem'), threadCount: 2 };
  for (const spec of respSpecsRead(args)) {
    for (const shape of SHAPES) {
      progressSay(`${spec.name}: ${shape.name}`);
      const measure = (server: RunningServer): Promise<Result> =>
        shapeMeasure(server, shape, args.number(shape.name));
      // A server of its own, or one would find the memory that another left.
      results.push(await withServer(spec, settings, measure));
    }
  }
  reportWrite(args, `${resultsFormat(results)}\n`, { results });
}

await main();
