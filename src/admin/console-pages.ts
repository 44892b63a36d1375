/** The pages that the console is made of, and what it asks for: console-state.ts says what that looks like. */
import type { IncomingMessage } from 'node:http';
import { configPeek } from '../memory/config-store.ts';
import type { Operated, Operation } from '../net/operation.ts';
import {
  CLUSTER_KEY,
  type ClusterNode,
  nodeListParse,
  nodePlace,
} from '../protocol/memcached/cluster-config.ts';
import type { PagesContext } from './admin-context.ts';
import { type AdminPage, addressOf, READ } from './admin-page.ts';
import { connectionOwner, connectionsTell, textShown, UDP } from './console-connections.ts';
import { type ConsoleFiles, tagIsKnown } from './console-files.ts';
import type { ConsoleCluster, ConsoleOutcome, ConsoleSlowLog } from './console-state.ts';
import { HotKeys, SAMPLING_SEC_MAX } from './hot-keys.ts';
import { type AdminReply, htmlReply, JSON_TYPE, replyError } from './http-server.ts';
import { integerField, isRefusal, jsonRead, textField } from './json-body.ts';
import { Kept } from './kept.ts';
import type { Looks } from './looks.ts';

/** What costs a walk through a table, and what a data thread has to be asked for. */
const TABLE_MS_MIN = 250;
const ASKED_MS_MIN = 500;
/** Until then what is asked for may be begun. */
const BEGIN_MS_MAX = 1000;
/** The list of nodes may be just being replaced. */
const PEEKS_MAX = 3;
const POST: readonly string[] = ['POST'];

const DISCONNECT = { connection: integerField(0, 2 ** 31 - 1), address: textField(64) };
const SAMPLING = { seconds: integerField(1, SAMPLING_SEC_MAX) };
const PAGES = { from: integerField(-1, 127), to: integerField(0, 127) };

export class ConsolePages {
  readonly rows: readonly AdminPage[];
  private readonly context: PagesContext;
  private readonly files: ConsoleFiles;
  private readonly hotKeys: HotKeys;

  constructor(context: PagesContext, looks: Looks, files: ConsoleFiles) {
    this.context = context;
    this.files = files;
    const { keyspace, commands } = context;
    this.hotKeys = new HotKeys(keyspace);
    const connections = new Kept(TABLE_MS_MIN, () =>
      told(connectionsTell(keyspace.control, commands)),
    );
    const slowLog = new Kept(ASKED_MS_MIN, () => this.slowLog());
    const cluster = new Kept(ASKED_MS_MIN, () => this.cluster());
    const hotKeys = new Kept(TABLE_MS_MIN, () => told(this.hotKeys.look()));
    // biome-ignore format: a table reads in columns
    this.rows = [
      { path: '/console/state',       methods: READ, access: 'trusted', doc: 'The last look at the server, as JSON.',          run: () => told(looks.stateShown()) },
      { path: '/console/history',     methods: READ, access: 'trusted', doc: 'The last quarter of an hour, as JSON.',          run: () => told(looks.historyShown()) },
      { path: '/console/connections', methods: READ, access: 'trusted', doc: 'Who is connected, as JSON.',                     run: () => connections.get() },
      { path: '/console/slowlog',     methods: READ, access: 'trusted', doc: 'The slow log, as JSON.',                         run: () => slowLog.get() },
      { path: '/console/cluster',     methods: READ, access: 'trusted', doc: 'The nodes that clients are told of, as JSON.',   run: () => cluster.get() },
      { path: '/console/hotkeys',     methods: [...READ, ...POST], access: 'trusted', doc: 'The hottest keys of the last sampling, as JSON; POST samples anew.', run: (request) => request.method === 'POST' ? this.sample(request) : hotKeys.get() },
      { path: '/console/flush',       methods: POST, access: 'trusted', doc: 'Deletes all keys of all databases.',             run: (request) => this.flush(request) },
      { path: '/console/disconnect',  methods: POST, access: 'trusted', doc: 'Closes a connection.',                           run: (request) => this.disconnect(request) },
      { path: '/console/pages',       methods: POST, access: 'trusted', doc: 'Moves a page of memory between slab classes.',   run: (request) => this.pages(request) },
    ];
  }

  // ── Page and files ──────────────────────────────────────────────────────────────────────────────

  /** The console itself. */
  page(): AdminReply {
    const { html, policy } = this.files.page();
    return htmlReply(200, html, policy);
  }

  /** A page of its own for each file of the console; null: there is no such file. */
  filePage(path: string): AdminPage | null {
    const file = this.files.file(path);
    if (file === null) return null;
    const { body, type, tag } = file;
    const headers = { ETag: tag, 'Cache-Control': 'no-cache' };
    return {
      path,
      methods: READ,
      access: this.files.isOpen(path) ? 'everybody' : 'trusted',
      doc: '',
      run: ({ headers: asked }) =>
        tagIsKnown(asked['if-none-match'], tag)
          ? { status: 304, type, body: '', headers }
          : { status: 200, type, body, headers },
    };
  }

  // ── What is told ────────────────────────────────────────────────────────────────────────────────

  private async slowLog(): Promise<AdminReply> {
    const operated = await this.ask({ kind: 'slowLog' }, null, '');
    if (operated.kind !== 'slowLog') return replyError(503, operated.text);
    const shown: ConsoleSlowLog = {
      thresholdUs: operated.thresholdUs,
      entries: operated.entries.map(({ id, atSec, us, words, address, name }) => ({
        id,
        atMs: atSec * 1000,
        us,
        words: words.map(textShown),
        address,
        name: textShown(name),
      })),
    };
    return told(shown);
  }

  private async cluster(): Promise<AdminReply> {
    const { keyspace, ask } = this.context;
    const here = await ask('node', null);
    let text: string | null = null;
    for (let peek = 0; peek < PEEKS_MAX && text === null; peek++) {
      text = configPeek(keyspace.configs, CLUSTER_KEY)?.toString('latin1') ?? null;
    }
    return told(clusterOf(text ?? '', here));
  }

  // ── What is done ────────────────────────────────────────────────────────────────────────────────

  private async flush(request: IncomingMessage): Promise<AdminReply> {
    const read = await jsonRead(request, {});
    return isRefusal(read) ? read : this.operate(request, { kind: 'flush' }, null);
  }

  private async disconnect(request: IncomingMessage): Promise<AdminReply> {
    const read = await jsonRead(request, DISCONNECT);
    if (isRefusal(read)) return read;
    const { connection, address } = read;
    if (address.startsWith(UDP))
      return outcome({ isDone: false, text: `${textShown(address)} is no connection of a client` });
    const thread = connectionOwner(this.context.keyspace.control, connection, address);
    if (thread < 0)
      return outcome({ isDone: false, text: `${textShown(address)} is not connected` });
    return this.operate(request, { kind: 'disconnect', connection, address }, thread);
  }

  private async pages(request: IncomingMessage): Promise<AdminReply> {
    const read = await jsonRead(request, PAGES);
    if (isRefusal(read)) return read;
    return this.operate(request, { kind: 'pages', from: read.from, to: read.to }, null);
  }

  private async sample(request: IncomingMessage): Promise<AdminReply> {
    const read = await jsonRead(request, SAMPLING);
    if (isRefusal(read)) return read;
    const { seconds } = read;
    this.hotKeys.start(seconds);
    await this.context.ask('sampling', { seconds, from: addressOf(request) });
    return outcome({ isDone: true, text: `keys are being sampled for ${seconds} s` });
  }

  private async operate(
    request: IncomingMessage,
    operation: Operation,
    thread: number | null,
  ): Promise<AdminReply> {
    const operated = await this.ask(operation, thread, addressOf(request));
    if (operated.kind !== 'outcome') return replyError(503, 'this is no outcome of an action');
    return outcome({ isDone: operated.isDone, text: operated.text });
  }

  private ask(operation: Operation, thread: number | null, from: string): Promise<Operated> {
    const untilMs = Date.now() + BEGIN_MS_MAX;
    return this.context.ask('operate', { operation, thread, from, untilMs });
  }
}

/** Whether a client would rather have HTML: it is a browser. */
export function wantsHtml({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') ?? false;
}

function clusterOf(text: string, here: ClusterNode | null): ConsoleCluster {
  const { value } = nodeListParse(text);
  if (value === null) return { version: null, nodes: [] };
  const place = here === null ? null : nodePlace(here);
  const nodes = value.nodes.map((node) => ({
    host: node.host,
    address: node.ip,
    port: node.port,
    isThis: nodePlace(node) === place,
  }));
  return { version: value.version, nodes };
}

function told(value: Buffer | object): AdminReply {
  const body = Buffer.isBuffer(value) ? value : JSON.stringify(value);
  return { status: 200, type: JSON_TYPE, body };
}

function outcome(shown: ConsoleOutcome): AdminReply {
  return { status: shown.isDone ? 200 : 409, type: JSON_TYPE, body: JSON.stringify(shown) };
}
