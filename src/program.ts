/**
 * The program: command line → configuration → threads → signals.
 */
import { writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import type { AdminKeeper } from './admin/admin-keeper.ts';
import { adminCreate } from './admin-start.ts';
import { passwordFromInput, userLineMake } from './auth/user-line.ts';
import { FAULT, FlagstoneError } from './base/errors.ts';
import type { LogFile, Logger } from './base/log.ts';
import type { Config } from './cli/config.ts';
import { daemonFailed, daemonIsChild, daemonReady, daemonStart } from './cli/daemon.ts';
import { listenTargets } from './cli/listen-address.ts';
import { optionsHashUser, optionsParse, optionsText } from './cli/options.ts';
import { packageVersion } from './cli/package-facts.ts';
import { pidFileRemove, pidFileWrite } from './cli/pid-file.ts';
import { isSubcommand, subcommandRun } from './cli/subcommands.ts';
import { userAssume } from './cli/user.ts';
import { RespConfig } from './config/resp-config.ts';
import { Discovery, topologyCreate } from './discovery/discovery.ts';
import { nodeHere } from './node-here.ts';
import { logCreate, RedisStart } from './redis-start.ts';
import { Supervisor } from './supervisor.ts';
import { workerUrl } from './worker-url.ts';

const argv = process.argv.slice(2);
/** Where the user stands; a `dir` in a redis.conf leads elsewhere. */
const folder = process.cwd();
/** A signal may come while run() is still at work. */
let isEnding = false;
try {
  await run();
} catch (error) {
  if (!(error instanceof FlagstoneError)) throw error;
  // What is wrong with a redis.conf is said as Redis says it.
  const opening = error.code === 'RESP_CONF' ? '' : 'flagstone: ';
  process.stderr.write(`${opening}${error.message}\n`);
  if (daemonIsChild()) await daemonFailed(error);
  process.exit(error.exitCode);
}

async function run(): Promise<void> {
  if (argv[0] === 'bench') {
    // Loaded for this alone: a server has no use for it.
    const { benchRun } = await import('./cli/bench/run.ts');
    process.exitCode = await benchRun(argv.slice(1), process.env, workerUrl('load'));
    return;
  }
  if (isSubcommand(argv)) {
    const { text, code } = await subcommandRun(argv, process.env);
    process.stdout.write(text);
    process.exitCode = code;
    return;
  }
  const text = optionsText(argv);
  if (text !== null) {
    process.stdout.write(text);
    return;
  }
  const user = optionsHashUser(argv);
  if (user !== null) {
    const password = passwordFromInput(await buffer(process.stdin));
    process.stdout.write(`${await userLineMake(user, password)}\n`);
    return;
  }
  const given = optionsParse(argv, process.env);
  await renamesCheck(given);
  const config = await usersRead(given);
  if (config.daemonize && !daemonIsChild()) {
    await daemonStart(config, argv, process.argv[1], folder);
    return;
  }
  await serve(config);
}

/** Whether rename-command names commands that there are: only then is their table needed here. */
async function renamesCheck({ resp }: Config): Promise<void> {
  if (resp.renames.length === 0) return;
  const { COMMAND_TABLE } = await import('./commands/resp/table.ts');
  for (const { from, to, place } of resp.renames) {
    const problem = COMMAND_TABLE.rename(from, to);
    if (problem !== null) throw FAULT.respConf(place + problem);
  }
}

/** The configuration with the users of its aclfile; whether all users make sense, likewise. */
async function usersRead(config: Config): Promise<Config> {
  const resp = RespConfig.fromImage(config.resp);
  if (resp.users.size === 0 && resp.settings.aclfile === '') return config;
  const { COMMAND_TABLE } = await import('./commands/resp/table.ts');
  const { usersPrepare } = await import('./commands/resp/acl/acl-start.ts');
  const { AclUsers } = await import('./commands/resp/acl/acl-users.ts');
  const problem = usersPrepare(COMMAND_TABLE, new AclUsers(COMMAND_TABLE), resp);
  if (problem !== null) throw FAULT.respConf(problem);
  return { ...config, resp: resp.image() };
}

async function serve(config: Config): Promise<void> {
  const { log, file } = logCreate(config);
  for (const warning of config.warnings) log.warn(warning);
  const redis = config.isRespServer ? new RedisStart(config, log) : null;
  redis?.begin();
  const topology = topologyCreate(config, log);
  const supervisor = new Supervisor(config, log, {
    version: packageVersion(),
    plainWire: process.env['FLAGSTONE_PLAIN_WIRE'] === '1',
    debugCommands: process.env['FLAGSTONE_DEBUG_COMMANDS'] === '1',
    onShutdown: (graceful) => void endBy(graceful ? 'drain' : 'end'),
  });
  const discovery = new Discovery(topology, supervisor.keyspace.configs, log);
  const admin = adminCreate(config, supervisor, log);
  const running = { supervisor, discovery, admin, config, log, file };
  const endBy = (how: 'drain' | 'end'): Promise<void> => end(running, how);
  process.on('SIGTERM', () => void endBy('drain'));
  process.on('SIGUSR1', () => void endBy('drain'));
  process.on('SIGHUP', () => reload(running));
  process.on('SIGINT', () => void endBy('end'));
  const asked = listenTargets(config).map(({ port }) => port);
  discovery.prepare(asked[0] === 0 ? null : nodeHere(config, asked));
  try {
    await supervisor.start();
    const adminPort = await admin?.start();
    if (adminPort !== undefined) log.info({ adminPort, host: config.adminListen }, 'admin port');
  } catch (error) {
    if (error instanceof FlagstoneError) redis?.failed(error);
    throw error;
  }
  portsFileWrite(config, supervisor);
  pidFileMake(config, log);
  if (config.user !== null) userAssume(config.user);
  const { ports, udpPorts } = supervisor;
  const { threadCount, unixSocketPath, memoryBytes } = config;
  log.info({ ports, udpPorts, unixSocketPath, threadCount, memoryBytes }, 'listening');
  redis?.ready();
  if (!isEnding) discovery.start(nodeHere(config, ports));
  if (daemonIsChild()) await daemonReady();
}

type Running = {
  readonly supervisor: Supervisor;
  readonly discovery: Discovery;
  readonly admin: AdminKeeper | null;
  readonly config: Config;
  readonly log: Logger;
  readonly file: LogFile;
};

/** SIGHUP: what may have been changed, or moved away, while the server runs. */
function reload({ supervisor, admin, log, file }: Running): void {
  try {
    file.reopen();
  } catch (error) {
    log.error({ err: error }, 'the log file could not be opened anew');
  }
  supervisor.reload();
  admin?.renew();
}

async function end(
  { supervisor, discovery, admin, config, log }: Running,
  how: 'drain' | 'end',
): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  log.info(config.isRespServer ? 'User requested shutdown...' : 'ending');
  // Balancers and clients are to know of it before connections are refused.
  admin?.drain();
  if (how === 'drain') await discovery.stop();
  await supervisor[how]();
  await admin?.end();
  if (config.pidFile !== null) pidFileRemove(config.pidFile);
  if (config.isRespServer) log.warn('Flagstone is now ready to exit, bye bye...');
  process.exit(0);
}

/** redis-server does without a pid file that it cannot write. */
function pidFileMake({ pidFile, isRespServer }: Config, log: Logger): void {
  if (pidFile === null) return;
  try {
    pidFileWrite(pidFile);
  } catch (error) {
    if (!isRespServer || !(error instanceof FlagstoneError)) throw error;
    log.warn(`Failed to write PID file: ${error.message}`);
  }
}

/** As memcached does: tells whoever started us which ports it became. */
function portsFileWrite(config: Config, { ports, udpPorts }: Supervisor): void {
  const path = process.env['MEMCACHED_PORT_FILENAME'];
  if (path === undefined || config.unixSocketPath !== null) return;
  const lines = (transport: string, numbers: readonly number[]): string =>
    numbers.map((port) => `${transport} INET: ${port}\n`).join('');
  writeFileSync(path, lines('TCP', ports) + lines('UDP', udpPorts));
}
