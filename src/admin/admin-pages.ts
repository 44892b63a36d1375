/**
 * The pages of the admin port, one row each:
 *
 *   path        for            what
 *   ──────────────────────────────────────────────────────────────────────────
 *   /livez      everybody      the process answers
 *   /readyz     everybody      every data thread answers
 *   /           who may: gate  the console for a browser, else the list of pages
 *   /console/…  who may        what the console consists of and asks for: console-pages.ts
 *   /…          who may        the rest
 *
 * A page is looked up before who asks is judged, so that a path that there is not is told to anybody: the
 * table is no secret.
 */
import type { IncomingMessage } from 'node:http';
import { arch, platform, release } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { REDIS_VERSION } from '../commands/resp/version.ts';
import { MEMCACHED_VERSION } from '../protocol/memcached/replies.ts';
import type { PagesContext } from './admin-context.ts';
import type { Told } from './admin-messages.ts';
import { type AdminPage, addressOf, READ } from './admin-page.ts';
import { ConsoleFiles, pagePolicy } from './console-files.ts';
import { ConsolePages, wantsHtml } from './console-pages.ts';
import { CloudHistory } from './elasticache.ts';
import { CONTENT_TYPE, Exposition, type ExpositionFormat, formatNegotiate } from './exposition.ts';
import { type Asking, type Gate, type Refusal, siteRefusal } from './gate.ts';
import {
  type AdminReply,
  BODY_BYTES_MAX,
  bodyRead,
  htmlReply,
  replyError,
  replyJson,
  replyText,
} from './http-server.ts';
import { Kept } from './kept.ts';
import { Looks } from './looks.ts';
import { flagstoneMetrics } from './metrics-flagstone.ts';
import { memcachedMetrics } from './metrics-memcached.ts';
import { redisMetrics } from './metrics-redis.ts';
import { type ProbeOutcome, targetsProbe } from './probe.ts';
import { SignIn } from './sign-in.ts';
import { Snapshot } from './snapshot.ts';
import { TokenLimit } from './token-limit.ts';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const URL_BYTES_MAX = 1024;
/** What was found out a moment ago is told again: who asks all the time shall not keep the server busy. */
const METRICS_MS_MIN = 100;
const PROBE_MS_MIN = 1000;

/** Says nothing, and has the browser come again by itself: then it is this site that asks. */
const VISIT_HTML =
  '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Flagstone</title>\n';
const VISIT = htmlReply(200, VISIT_HTML, pagePolicy(VISIT_HTML));

export class AdminPages {
  /** As the main thread told last. */
  told: Told;
  private gate: Gate;
  private readonly context: PagesContext;
  private readonly cloud: CloudHistory;
  private readonly looks: Looks;
  private readonly console: ConsolePages;
  private readonly pages: readonly AdminPage[];
  private readonly pageOf: ReadonlyMap<string, AdminPage>;
  private readonly limit = new TokenLimit();
  private readonly signIn: SignIn;
  /** Encoded: who asks all the time is sent the same bytes. */
  private readonly metricsKept: Readonly<Record<ExpositionFormat, Kept<Buffer>>>;
  private probe: Promise<readonly ProbeOutcome[]> | null = null;
  private probedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: PagesContext, gate: Gate, told: Told) {
    this.told = told;
    this.context = context;
    this.gate = gate;
    this.cloud = new CloudHistory(() => this.look());
    this.looks = new Looks({
      version: context.version,
      look: () => this.look(),
      told: () => this.told,
      sample: (now) => this.cloud.sample(now),
    });
    const files = new ConsoleFiles();
    this.console = new ConsolePages(context, this.looks, files);
    const { isSecure } = context;
    this.signIn = new SignIn({ gate: () => this.gate, limit: this.limit, files, isSecure });
    this.metricsKept = {
      prometheus: new Kept(METRICS_MS_MIN, () => this.metricsMake('prometheus')),
      openmetrics: new Kept(METRICS_MS_MIN, () => this.metricsMake('openmetrics')),
    };
    // biome-ignore format: a table reads in columns
    this.pages = [
      { path: '/',            methods: READ,            access: 'trusted',   doc: 'The console, for a browser; else this list.',           run: (request) => this.home(request) },
      { path: '/livez',       methods: READ,            access: 'everybody', doc: 'ok while the process answers; else 503.',                run: () => this.live() },
      { path: '/readyz',      methods: READ,            access: 'everybody', doc: 'ok while every data thread answers on its ports; else 503.', run: (_, isTrusted) => this.ready(isTrusted) },
      { path: '/metrics',     methods: READ,            access: 'trusted',   doc: 'Metrics for Prometheus, as text or OpenMetrics.',         run: (request) => this.metrics(request) },
      { path: '/elasticache', methods: READ,            access: 'trusted',   doc: "The last minute under ElastiCache's names, as JSON.",      run: () => replyJson(this.cloud.page()) },
      { path: '/buildinfo',   methods: READ,            access: 'trusted',   doc: 'Versions, as JSON.',                                     run: () => this.build() },
      { path: '/configinfo',  methods: READ,            access: 'trusted',   doc: 'The configuration without its secrets, as JSON.',         run: async () => replyJson(await context.ask('config', null)) },
      { path: '/loglevel',    methods: [...READ, 'PUT'], access: 'trusted',   doc: 'The level below which nothing is logged; PUT sets it.',  run: (request) => this.logLevel(request) },
      ...this.console.rows,
      ...this.signIn.rows,
    ];
    this.pageOf = new Map(this.pages.map((page) => [page.path, page]));
  }

  start(): void {
    this.looks.start();
  }

  /** `isOther`: the token is another, so who has signed in with the old one has to do it again. */
  gateSet(gate: Gate, isOther: boolean): void {
    this.gate = gate;
    if (isOther) this.signIn.sessions.endAll();
  }

  /** Answers a request; never rejects. */
  async reply(request: IncomingMessage): Promise<AdminReply> {
    try {
      return await this.route(request);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return replyError(503, `this cannot be told now: ${reason}`);
    }
  }

  private route(request: IncomingMessage): Promise<AdminReply> | AdminReply {
    const { method = '', url = '' } = request;
    if (url.length > URL_BYTES_MAX)
      return replyError(414, `a path has at most ${URL_BYTES_MAX} characters`);
    const path = url.split('?', 1)[0];
    const page = this.pageOf.get(path) ?? this.console.filePage(path);
    if (page === null) return replyError(404, 'there is no such page; / lists those there are');
    if (!page.methods.includes(method)) {
      const allowed = page.methods.join(', ');
      return replyError(405, `this page knows ${allowed}`, { Allow: allowed });
    }
    if (page.path === '/' && isVisit(request)) return VISIT;
    const asking = this.askingOf(request);
    if (page.access === 'sameSite') {
      const another = siteRefusal(asking);
      return another === null ? page.run(request, false) : replyError(403, another.text);
    }
    const refusal = this.gate.refusal(asking);
    const hasToken = asking.authorization !== undefined && this.gate.needsToken;
    if (hasToken && (refusal === null || refusal.wasWrongToken))
      return this.judged(request, page, refusal);
    return this.answered(request, page, refusal);
  }

  private askingOf(request: IncomingMessage): Asking {
    const { headers, socket } = request;
    return {
      remoteAddress: socket.remoteAddress ?? '',
      host: headers.host,
      origin: headers.origin,
      fetchSite: headers['sec-fetch-site']?.toString(),
      authorization: headers.authorization,
      hasSession: this.gate.needsToken && this.signIn.holds(request),
    };
  }

  /** A token was sent: whether it was the right one is told when it may be. */
  private async judged(
    request: IncomingMessage,
    page: AdminPage,
    refusal: Refusal | null,
  ): Promise<AdminReply> {
    const judgement = this.limit.judge(addressOf(request), refusal === null);
    if (page.access === 'everybody') {
      // Health waits for nobody. Whose token cannot be judged at once is a stranger.
      const now = await Promise.race([judgement, nextTurn('late')]);
      return page.run(request, now === 'right');
    }
    const judged = await judgement;
    if (judged === 'refused')
      return replyError(429, 'there were too many wrong tokens', { 'Retry-After': '5' });
    return this.answered(request, page, refusal);
  }

  private answered(
    request: IncomingMessage,
    page: AdminPage,
    refusal: Refusal | null,
  ): Promise<AdminReply> | AdminReply {
    if (refusal === null || page.access === 'everybody') return page.run(request, refusal === null);
    const { status, text, wasWrongToken } = refusal;
    const challenge = wasWrongToken
      ? 'Bearer realm="flagstone", error="invalid_token"'
      : 'Bearer realm="flagstone"';
    if (status !== 401) return replyError(status, text);
    const headers = { 'WWW-Authenticate': challenge };
    if (page.path !== '/' || !wantsHtml(request)) return replyError(status, text, headers);
    const form = this.signIn.page(status, '');
    return { ...form, headers: { ...form.headers, ...headers } };
  }

  private look(): Snapshot {
    const { keyspace, threadCount, commands } = this.context;
    return new Snapshot(keyspace, threadCount, commands);
  }

  private home(request: IncomingMessage): AdminReply {
    return wantsHtml(request) ? this.console.page() : this.list();
  }

  private list(): AdminReply {
    const rows = this.pages.map(
      ({ path, methods, doc }) => `${path.padEnd(20)} ${methods.join(' ').padEnd(13)} ${doc}\n`,
    );
    const text = `Flagstone ${this.context.version}\n\n${rows.join('')}`;
    return { ...replyText(text), headers: { Vary: 'Accept' } };
  }

  /** The main thread answers, and so does this one. */
  private async live(): Promise<AdminReply> {
    await this.context.ask('logLevel', null);
    return replyText('ok\n');
  }

  private async ready(isTrusted: boolean): Promise<AdminReply> {
    const { isEnding, targets } = await this.context.ask('targets', null);
    if (isEnding) return replyError(503, 'not ready: the server is ending');
    if (targets.length === 0)
      return replyText('ok: the server listens on no port that can be asked\n');
    if (performance.now() - this.probedAtMs > PROBE_MS_MIN || this.probe === null) {
      this.probedAtMs = performance.now();
      this.probe = targetsProbe(this.context.keyspace.control, targets);
    }
    const outcomes = await this.probe;
    const isReady = outcomes.every(({ isOk }) => isOk);
    const lines = outcomes.map(
      ({ target, isOk, text }) => `${isOk ? '+' : '-'} ${target}: ${text}`,
    );
    const body = [isReady ? 'ok' : 'not ready', ...(isTrusted ? lines : [])].join('\n');
    return isReady ? replyText(`${body}\n`) : replyError(503, body);
  }

  private metrics(request: IncomingMessage): AdminReply {
    const format = formatNegotiate(request.headers.accept);
    const body = this.metricsKept[format].get();
    return { status: 200, type: CONTENT_TYPE[format], body, headers: { Vary: 'Accept' } };
  }

  private metricsMake(format: ExpositionFormat): Buffer {
    const page = new Exposition(format);
    const now = this.look();
    const { version, answers } = this.context;
    memcachedMetrics(page, now);
    redisMetrics(page, now);
    flagstoneMetrics(page, now, {
      version,
      loops: this.told.loops,
      requests: answers(),
      tokenFailures: this.limit.failures,
    });
    return Buffer.from(page.text());
  }

  private build(): AdminReply {
    const { node, v8, uv, openssl } = process.versions;
    return replyJson({
      version: this.context.version,
      memcachedVersion: MEMCACHED_VERSION,
      redisVersion: REDIS_VERSION,
      node,
      v8,
      uv,
      openssl,
      platform: `${platform()} ${release()} ${arch()}`,
    });
  }

  private async logLevel(request: IncomingMessage): Promise<AdminReply> {
    if (request.method !== 'PUT') return replyText(`${await this.context.ask('logLevel', null)}\n`);
    const type = request.headers['content-type'] ?? 'text/plain';
    if (!/^text\/plain\s*(?:;|$)/i.test(type))
      return replyError(415, 'send the level as text/plain');
    const body = await bodyRead(request);
    if (body === null) return replyError(413, `a body has at most ${BODY_BYTES_MAX} bytes`);
    const level = LOG_LEVELS.find((one) => one === body.trim());
    if (level === undefined) return replyError(400, `a level is one of ${LOG_LEVELS.join(', ')}`);
    const problem = await this.context.ask('logLevelSet', { level, from: addressOf(request) });
    if (problem !== null) return replyError(409, problem);
    this.told = { ...this.told, logLevel: level };
    return replyText(`${level}\n`);
  }
}

/**
 * Whether somebody follows a link that another site shows. The browser then sends no cookie of a session, and what
 * it sends does not tell that from a page which makes it ask.
 */
function isVisit({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  const isPage =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return isPage && (site === 'cross-site' || site === 'same-site');
}
