/** The admin port, put together with the rest of the main thread. */
import type { Worker } from 'node:worker_threads';
import { type AdminHelpers, AdminKeeper } from './admin/admin-keeper.ts';
import type { AdminAnswers, AdminSays, ProbeTarget } from './admin/admin-messages.ts';
import { authFileBytes, bytesLines } from './auth/auth-file-bytes.ts';
import { FAULT, FlagstoneError } from './base/errors.ts';
import type { Logger } from './base/log.ts';
import { adminTokenParse } from './cli/admin-options.ts';
import type { Config } from './cli/config.ts';
import { optionsShown } from './cli/options-shown.ts';
import { packageVersion } from './cli/package-facts.ts';
import { DIRECTIVE } from './config/directive.ts';
import { DIRECTIVE_ROWS } from './config/directive-table.ts';
import type { RespConfig } from './config/resp-config.ts';
import { respUnixTarget } from './config/resp-targets.ts';
import { REUSE_PORT_IS_AVAILABLE } from './net/listener.ts';
import { TlsFilesError, tlsFilesRead } from './net/tls-material.ts';
import { nodeHere } from './node-here.ts';
import { Operations } from './operations.ts';
import type { Supervisor } from './supervisor.ts';
import { workerUrl } from './worker-url.ts';

const TOKEN_FILE_BYTES_MAX = 4096;
const SECRET = '(secret)';

/** Null: there is no admin port. Errors: FlagstoneError. */
export function adminCreate(
  config: Config,
  supervisor: Supervisor,
  log: Logger,
): AdminKeeper | null {
  if (config.adminPort === 0) return null;
  const threads = Array.from({ length: config.threadCount }, (_, index) => index);
  const workerOf = (thread: number): Worker | null => workerAlive(supervisor.dataWorker(thread));
  const operations = new Operations(workerOf, config.threadCount);
  const helpers: AdminHelpers = {
    entry: workerUrl('admin'),
    handles: supervisor.handles,
    version: packageVersion(),
    commands: () => supervisor.commands,
    token: () => tokenRead(config),
    tlsFiles: () => (config.adminTls === 'off' ? null : tlsFilesRead(config)),
    dataWorkers: () => threads.map(workerOf),
    targets: () => targetsOf(config, supervisor, REUSE_PORT_IS_AVAILABLE ? threads : [0]),
    configShown: () => configShown(config, supervisor.resp.config),
    logLevel: () => log.level,
    logLevelSet: (says) => logLevelSet(config, log, says),
    node: () => nodeHere(config, supervisor.ports),
    operate: (operation, thread) => operations.run(operation, thread),
  };
  try {
    return new AdminKeeper(config, helpers, log);
  } catch (error) {
    if (error instanceof TlsFilesError) throw FAULT.tlsUnusable(error.message);
    throw error;
  }
}

/** The token, as the options or the first line of the file have it. */
function tokenRead({ adminToken, adminTokenFile }: Config): string | null {
  if (adminTokenFile === null) return adminToken;
  const [line = new Uint8Array()] = bytesLines(authFileBytes(adminTokenFile, TOKEN_FILE_BYTES_MAX));
  try {
    return adminTokenParse(Buffer.from(line).toString('latin1').trim(), adminTokenFile);
  } catch (error) {
    if (!(error instanceof FlagstoneError)) throw error;
    throw FAULT.adminToken(adminTokenFile, error.message.replace(/^.*?: /, ''));
  }
}

/** A worker that has ended has no thread. */
function workerAlive(worker: Worker | null): Worker | null {
  return worker === null || worker.threadId === -1 ? null : worker;
}

/** Every listener. `threads`: those that share the TCP ports. */
function targetsOf(
  config: Config,
  { targets, respTargets, resp }: Supervisor,
  threads: readonly number[],
): readonly ProbeTarget[] {
  const tcp = [...targets, ...respTargets].map(
    ({ host, port, tls, protocol }): ProbeTarget => ({
      protocol,
      tls: tls !== 'off',
      host,
      port,
      path: null,
      threads,
    }),
  );
  const paths: [ProbeTarget['protocol'], string | undefined][] = [
    [config.protocol, config.unixSocketPath ?? undefined],
    ['resp', respUnixTarget(resp.config.settings)?.path],
  ];
  const unix = paths.flatMap(([protocol, path]): ProbeTarget[] =>
    path === undefined ? [] : [{ protocol, tls: false, host: null, port: 0, path, threads: [0] }],
  );
  return [...tcp, ...unix];
}

/** Options and directives, as they are now. */
function configShown(config: Config, resp: RespConfig): AdminAnswers['config'] {
  const directives = DIRECTIVE_ROWS.map((row): [string, string] => {
    const text = resp.text(row);
    const isSecret = (row.flags & DIRECTIVE.SENSITIVE) !== 0 && text !== '';
    return [row.name, isSecret ? SECRET : text];
  });
  return {
    options: optionsShown(config, SECRET),
    directives: Object.fromEntries(directives),
    directivesFile: resp.path,
  };
}

function logLevelSet(
  { isRespServer }: Config,
  log: Logger,
  { level, from }: AdminSays['logLevelSet'],
): string | null {
  if (isRespServer) return 'started as redis-server: set it by CONFIG SET loglevel';
  const note = (): void =>
    log.warn({ operator: from, logLevel: level }, 'an operator sets the log level');
  // While such a line is let through, which may be before or after.
  const isHeard = log.isLevelEnabled('warn');
  if (isHeard) note();
  log.level = level;
  if (!isHeard) note();
  return null;
}
