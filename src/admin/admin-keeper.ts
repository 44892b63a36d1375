/**
 * The main thread's end of the admin port: starts its thread, and starts it anew when it dies; answers what
 * it asks; and tells it once a second how busy the data threads are, which only who started them can see
 * even while they hang.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { errorReason, FAULT, faultFromListen } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { CommandList } from '../commands/command-list.ts';
import type { ArenaHandles } from '../memory/arena.ts';
import type { Operated, Operation } from '../net/operation.ts';
import type { TlsFiles } from '../net/tls-material.ts';
import type { ClusterNode } from '../protocol/memcached/cluster-config.ts';
import type {
  AdminAnswers,
  AdminAsk,
  AdminCommand,
  AdminConfig,
  AdminMessage,
  AdminQuestion,
  AdminSays,
  AdminStart,
  LoopUse,
  ProbeTarget,
  Told,
} from './admin-messages.ts';

const LOOK_MS = 1000;
const RESTART_MS = 1000;
const RESTART_MS_MAX = 60_000;
/** What clients of the port can make its thread take, in MiB. */
const HEAP_MIB_MAX = 128;
const NURSERY_MIB_MAX = 8;

/** Types are stripped from the console's modules where they are served as they are written: console-files.ts. */
const QUIET_NODE_OPTIONS = ['--disable-warning=ExperimentalWarning'];

/** What the admin port needs of the rest of the main thread. */
export interface AdminHelpers {
  /** Where the entry point of the thread lies. */
  readonly entry: URL;
  readonly handles: ArenaHandles;
  readonly version: string;
  /** Known once a data thread listens. */
  commands(): CommandList;
  /** As it is now. Errors: FlagstoneError. */
  token(): string | null;
  /** As they are now; null: without TLS. Errors: TlsFilesError. */
  tlsFiles(): TlsFiles | null;
  /** Those that run, by number; null: it is being started anew. */
  dataWorkers(): readonly (Worker | null)[];
  targets(): readonly ProbeTarget[];
  configShown(): AdminAnswers['config'];
  logLevel(): string;
  /** Null, or why it cannot be. */
  logLevelSet(says: AdminSays['logLevelSet']): string | null;
  node(): ClusterNode | null;
  /** Has a data thread do it: `thread`, or null for any. */
  operate(operation: Operation, thread: number | null): Promise<Operated>;
}

export class AdminKeeper {
  private readonly config: AdminConfig;
  private readonly helpers: AdminHelpers;
  private readonly log: Logger;
  private readonly loops = new LoopWatch();
  private secrets: Pick<AdminStart, 'token' | 'tlsFiles'>;
  private worker: Worker | null = null;
  private port = 0;
  private deaths = 0;
  private isDraining = false;
  private isEnding = false;

  /** Errors: FlagstoneError, TlsFilesError. */
  constructor(config: AdminConfig, helpers: AdminHelpers, log: Logger) {
    this.config = config;
    this.helpers = helpers;
    this.log = log;
    this.secrets = { token: helpers.token(), tlsFiles: helpers.tlsFiles() };
  }

  /** Resolves to the port when it is listened on. Errors: FlagstoneError. */
  async start(): Promise<number> {
    this.port = await this.workerStart();
    setInterval(() => this.tell(), LOOK_MS).unref();
    return this.port;
  }

  /** Reads token and certificate anew. What cannot be read stays as it was, and the log says why. */
  renew(): void {
    const { token, tlsFiles } = this.secrets;
    this.secrets = {
      token: this.renewed('the admin token', token, () => this.helpers.token()),
      tlsFiles: this.renewed('its certificate', tlsFiles, () => this.helpers.tlsFiles()),
    };
    this.post({ kind: 'renew', ...this.secrets });
  }

  /** The server is about to end: it is ready no more, which balancers are to know before it stops listening. */
  drain(): void {
    this.isDraining = true;
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await this.worker?.terminate();
  }

  private renewed<Value>(what: string, before: Value, read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      this.log.error({ err: error }, `of the admin port ${what} stays as it was`);
      return before;
    }
  }

  private workerStart(): Promise<number> {
    const { entry, handles, version } = this.helpers;
    // A thread that is started anew listens where the first one did.
    const adminPort = this.port === 0 ? this.config.adminPort : this.port;
    const config = { ...this.config, adminPort };
    const commands = this.helpers.commands();
    const told = this.told();
    const workerData: AdminStart = { handles, config, version, commands, told, ...this.secrets };
    const worker = new Worker(entry, {
      workerData,
      name: 'admin',
      execArgv: QUIET_NODE_OPTIONS,
      resourceLimits: {
        maxOldGenerationSizeMb: HEAP_MIB_MAX,
        maxYoungGenerationSizeMb: NURSERY_MIB_MAX,
      },
    });
    this.worker = worker;
    worker.unref();
    let reason: unknown = 'it ended';
    worker.once('exit', () => this.died(reason));
    return new Promise((resolve, reject) => {
      worker.on('error', (error) => {
        reason = error;
        reject(FAULT.workerDied('admin', errorReason(error)));
      });
      worker.on('message', (message: AdminMessage) => {
        if (message.kind === 'ask') void this.answer(message);
        else if (message.kind === 'listening') resolve(message.port);
        else reject(faultFromListen(message, `admin port ${adminPort}`));
      });
    });
  }

  private died(reason: unknown): void {
    this.worker = null;
    if (this.isEnding || this.port === 0) return;
    this.log.error({ thread: 'admin', err: reason }, 'a thread died');
    const delayMs = Math.min(RESTART_MS_MAX, RESTART_MS * 2 ** this.deaths++);
    setTimeout(() => void this.restart(), delayMs).unref();
  }

  private async restart(): Promise<void> {
    if (this.isEnding) return;
    try {
      await this.workerStart();
      this.log.warn({ thread: 'admin' }, 'the thread was started anew');
    } catch (error) {
      this.log.error({ thread: 'admin', err: error }, 'the thread could not be started');
      // Its end leads back here, if it has not come already.
      await this.worker?.terminate();
    }
  }

  private async answer(ask: AdminAsk): Promise<void> {
    this.post({ kind: 'answer', id: ask.id, answer: await this.answerOf(ask) });
  }

  private answerOf(
    ask: AdminAsk,
  ): AdminAnswers[AdminQuestion] | Promise<AdminAnswers[AdminQuestion]> {
    const { helpers } = this;
    switch (ask.question) {
      case 'targets':
        return { isEnding: this.isDraining, targets: helpers.targets() };
      case 'config':
        return helpers.configShown();
      case 'logLevel':
        return helpers.logLevel();
      case 'logLevelSet':
        return helpers.logLevelSet(ask.says);
      case 'sampling':
        return this.samplingNote(ask.says);
      case 'node':
        return helpers.node();
      case 'operate':
        return this.operate(ask.says);
    }
  }

  private samplingNote({ seconds, from }: AdminSays['sampling']): null {
    this.log.warn({ operator: from, seconds }, 'an operator looks for the hottest keys');
    return null;
  }

  private async operate(says: AdminSays['operate']): Promise<Operated> {
    const { operation, thread, from, untilMs } = says;
    // This thread may have hung, and whoever asked was told that nobody answers.
    if (Date.now() > untilMs) return { kind: 'outcome', isDone: false, text: 'it is too late' };
    const operated = await this.helpers.operate(operation, thread);
    if (operated.kind === 'outcome') {
      const { isDone, text } = operated;
      this.log.warn({ operator: from, operation, isDone, outcome: text }, 'asked by an operator');
    }
    return operated;
  }

  private tell(): void {
    this.post({ kind: 'told', ...this.told() });
  }

  private told(): Told {
    const loops = this.loops.look(this.helpers.dataWorkers());
    return { loops, logLevel: this.helpers.logLevel() };
  }

  private post(command: AdminCommand): void {
    this.worker?.postMessage(command);
  }
}

/** How busy the event loops of workers were since they were last looked at. */
class LoopWatch {
  private before = new Map<Worker, EventLoopUtilization>();

  look(workers: readonly (Worker | null)[]): (LoopUse | null)[] {
    const now = new Map<Worker, EventLoopUtilization>();
    const uses = workers.map((worker): LoopUse | null => {
      if (worker === null) return null;
      const use = worker.performance.eventLoopUtilization();
      now.set(worker, use);
      const before = this.before.get(worker);
      const { utilization } =
        before === undefined ? use : performance.eventLoopUtilization(use, before);
      return { activeSec: use.active / 1000, utilization };
    });
    this.before = now;
    return uses;
  }
}
