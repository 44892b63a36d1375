/**
 * What is particular to a start as redis-server (`--resp-conf` first): its log, in the words that scripts
 * and tests of Redis wait for, and how it fails.
 */

import { errorReason, FAULT, type FlagstoneError } from './base/errors.ts';
import { LogFile, type Logger, loggerCreate } from './base/log.ts';
import { redisLoggerCreate } from './base/redis-log.ts';
import type { Config } from './cli/config.ts';
import { packageVersion } from './cli/package-facts.ts';
import { bytesPath, confIdle } from './config/conf-load.ts';
import type { Settings } from './config/directive-table.ts';
import { RespConfig } from './config/resp-config.ts';

const STDOUT_FD = 1;
const STDERR_FD = 2;

/** The log that the configuration asks for, and where its lines go. */
export function logCreate(config: Config): { readonly log: Logger; readonly file: LogFile } {
  const { verbosity, logFormat: format, logFile, isRespServer } = config;
  if (!isRespServer) {
    const file = logFileOpen(logFile ?? STDERR_FD, (why) => FAULT.logFile(`${logFile}`, why));
    const isTerminal = logFile === null && process.stderr.isTTY === true;
    return { log: loggerCreate({ verbosity, format, isTerminal, file }), file };
  }
  const { loglevel, logfile } = RespConfig.fromImage(config.resp).settings;
  const file = logFileOpen(logfile === '' ? STDOUT_FD : bytesPath(logfile), (why) =>
    FAULT.respConf(`Can't open the log file: ${why}`),
  );
  return { log: redisLoggerCreate(loglevel, file), file };
}

function logFileOpen(where: number | string, fault: (why: string) => FlagstoneError): LogFile {
  try {
    return new LogFile(where);
  } catch (error) {
    throw fault(errorReason(error));
  }
}

export class RedisStart {
  private readonly log: Logger;
  private readonly resp: RespConfig;

  constructor(config: Config, log: Logger) {
    this.log = log;
    this.resp = RespConfig.fromImage(config.resp);
  }

  private get settings(): Settings {
    return this.resp.settings;
  }

  /** Before anything is listened on. */
  begin(): void {
    const { log, resp } = this;
    log.info('oO0OoO0OoO0Oo Flagstone is starting oO0OoO0OoO0Oo');
    log.info(`Flagstone version=${packageVersion()}, pid=${process.pid}, just started`);
    if (resp.path === null)
      log.warn('Warning: no config file specified, using the default config.');
    else log.info('Configuration loaded');
    const idle = confIdle(resp);
    if (idle.length > 0) {
      const list = idle.map(({ name, does }) => `${name} (${does})`).join(', ');
      log.info(`Without effect here: ${list}`);
    }
    log.info(`Running mode=standalone, port=${this.port()}, PID: ${process.pid}`);
  }

  /** Everything is listened on. */
  ready(): void {
    this.log.info('Server initialized');
    const { port, tlsPort, unixsocket } = this.settings;
    const kinds = [port !== 0 && 'tcp', tlsPort !== 0 && 'tls', unixsocket !== '' && 'unix'];
    this.log.info(
      `Ready to accept connections ${kinds.filter((kind) => kind !== false).join(' ')}`,
    );
  }

  failed(error: FlagstoneError): void {
    this.log.warn(`Warning: ${error.message}`);
    this.log.warn(`Failed listening on port ${this.port()} (tcp), aborting.`);
  }

  private port(): number {
    const { port, tlsPort } = this.settings;
    return port === 0 ? tlsPort : port;
  }
}
