/**
 * The main thread's part of RESP's settings: it has those that a thread is started with, and does what
 * CONFIG SET asks of the process as a whole. Changes are taken one after the other. What cannot be done is
 * taken back, together with what was done before it.
 */

import type { Logger } from './base/log.ts';
import { type RedisLogLevel, redisLevelSet } from './base/redis-log.ts';
import type { RespChange, RespFailure } from './commands/server-context.ts';
import { bytesPath } from './config/conf-load.ts';
import type { Apply } from './config/directive.ts';
import { directoryEnter, OomScore, processTitleSet } from './config/process-effects.ts';
import {
  RespConfig,
  type RespConfigImage,
  type SettingText,
  type UserLine,
} from './config/resp-config.ts';
import { type RespTarget, respTargets } from './config/resp-targets.ts';

const LISTEN_FAILED = 'Unable to listen on this port. Check server logs.';
const BIND_FAILED = 'Failed to bind to specified addresses.';
const TLS_FAILED = 'Unable to update TLS configuration. Check server logs.';

/** Users as they are now, and the names of those who are gone. */
type UsersChanged = { readonly lines: readonly UserLine[]; readonly removes: readonly string[] };

/** What the supervisor does for RESP. */
export interface RespHelpers {
  /** Has all threads listen on these and no others; false: they could not, and listen on what they did. */
  listen(targets: readonly RespTarget[]): Promise<boolean>;
  /** Reads the certificate anew. Null, or why the old one stays. */
  certificatesRefresh(): string | null;
}

export class RespKeeper {
  readonly config: RespConfig;
  private readonly log: Logger;
  private readonly helpers: RespHelpers;
  /** The log is in Redis's form, so `loglevel` is about it. */
  private readonly hasRedisLog: boolean;
  private readonly oomScore = new OomScore();
  private last: Promise<unknown> = Promise.resolve();

  constructor(image: RespConfigImage, hasRedisLog: boolean, log: Logger, helpers: RespHelpers) {
    this.config = RespConfig.fromImage(image);
    this.hasRedisLog = hasRedisLog;
    this.log = log;
    this.helpers = helpers;
  }

  /** Title and oom_score_adj, as the start has them. */
  begin(): void {
    const { settings, path } = this.config;
    const problem = processTitleSet(settings, path) ?? this.oomScore.set(settings);
    if (problem !== null) this.log.warn(problem);
  }

  /** Follows changes of users, for threads that start later. */
  usersChange({ lines, removes }: UsersChanged): void {
    this.config.usersChange(lines, removes);
  }

  /** Follows a CONFIG SET. Null, or what could not be done. */
  set(change: RespChange): Promise<RespFailure | null> {
    const next = this.last.then(() => this.setNow(change));
    this.last = next;
    return next;
  }

  private async setNow({ texts, before, applies }: RespChange): Promise<RespFailure | null> {
    this.take(texts);
    for (const [at, [apply, name]] of applies.entries()) {
      const why = await this.apply(apply, name);
      if (why === null) continue;
      this.log.warn(`Failed applying new configuration. Possibly related to new ${name} setting.`);
      this.take(before);
      for (const [done, doneName] of applies.slice(0, at)) await this.apply(done, doneName);
      return { name, why };
    }
    return null;
  }

  private take(texts: readonly SettingText[]): void {
    for (const [name, text] of texts) this.config.change(name, text);
  }

  /** What went wrong, or null. `name`: the directive that calls for it. */
  private async apply(apply: Apply, name: string): Promise<string | null> {
    const { settings, path } = this.config;
    switch (apply) {
      case 'directory':
        return directoryEnter(bytesPath(settings.dir));
      case 'listeners':
        if (await this.helpers.listen(respTargets(settings))) return this.title();
        return name === 'bind' ? BIND_FAILED : LISTEN_FAILED;
      case 'log':
        if (this.hasRedisLog) redisLevelSet(this.log, settings.loglevel satisfies RedisLogLevel);
        return null;
      case 'oomScore':
        return this.oomScore.set(settings);
      case 'title':
        return processTitleSet(settings, path);
      case 'tls': {
        const problem = this.helpers.certificatesRefresh();
        if (problem !== null) this.log.warn(`the old certificate stays: error ${problem}`);
        return problem === null ? null : TLS_FAILED;
      }
      default:
        return null;
    }
  }

  private title(): string | null {
    return processTitleSet(this.config.settings, this.config.path);
  }
}
