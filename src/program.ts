/**
 * The program: command line → configuration → threads → signals.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { passwordFromInput, userLineMake } from './auth/user-line.ts';
import { FlagstoneError } from './base/errors.ts';
import { type Logger, loggerCreate } from './base/log.ts';
import type { Config } from './cli/config.ts';
import { daemonFailed, daemonIsChild, daemonReady, daemonStart } from './cli/daemon.ts';
import { optionsHashUser, optionsParse, optionsText } from './cli/options.ts';
import { packageVersion } from './cli/package-facts.ts';
import { pidFileRemove, pidFileWrite } from './cli/pid-file.ts';
import { userAssume } from './cli/user.ts';
import { Supervisor } from './supervisor.ts';

const argv = process.argv.slice(2);
/** A signal may come while run() is still at work. */
let isEnding = false;
try {
  await run();
} catch (error) {
  if (!(error instanceof FlagstoneError)) throw error;
  process.stderr.write(`flagstone: ${error.message}\n`);
  if (daemonIsChild()) await daemonFailed(error);
  process.exit(error.exitCode);
}

async function run(): Promise<void> {
  const text = optionsText(argv);
  if (text !== null) {
    process.stdout.write(text);
    return;
  }
  const user = optionsHashUser(argv);
  if (user !== null) {
    const password = passwordFromInput(readFileSync(process.stdin.fd));
    process.stdout.write(`${await userLineMake(user, password)}\n`);
    return;
  }
  const config = optionsParse(argv, process.env);
  if (config.daemonize && !daemonIsChild()) {
    await daemonStart(config, argv);
    return;
  }
  await serve(config);
}

async function serve(config: Config): Promise<void> {
  const { verbosity, logFormat } = config;
  const isTerminal = process.stderr.isTTY === true;
  const log = loggerCreate({ verbosity, format: logFormat, isTerminal });
  for (const warning of config.warnings) log.warn(warning);
  const supervisor = new Supervisor(config, log, {
    version: packageVersion(),
    plainWire: process.env['FLAGSTONE_PLAIN_WIRE'] === '1',
    debugCommands: process.env['FLAGSTONE_DEBUG_COMMANDS'] === '1',
    onShutdown: (graceful) => void end(supervisor, config, log, graceful ? 'drain' : 'end'),
  });
  process.on('SIGTERM', () => void end(supervisor, config, log, 'drain'));
  process.on('SIGUSR1', () => void end(supervisor, config, log, 'drain'));
  process.on('SIGHUP', () => supervisor.reload());
  process.on('SIGINT', () => void end(supervisor, config, log, 'end'));
  await supervisor.start();
  portsFileWrite(config, supervisor);
  if (config.pidFile !== null) pidFileWrite(config.pidFile);
  if (config.user !== null) userAssume(config.user);
  const { ports, udpPorts } = supervisor;
  const { threadCount, unixSocketPath, memoryBytes } = config;
  log.info({ ports, udpPorts, unixSocketPath, threadCount, memoryBytes }, 'listening');
  if (daemonIsChild()) await daemonReady();
}

async function end(
  supervisor: Supervisor,
  config: Config,
  log: Logger,
  how: 'drain' | 'end',
): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  log.info('ending');
  await supervisor[how]();
  if (config.pidFile !== null) pidFileRemove(config.pidFile);
  process.exit(0);
}

/** As memcached does: tells whoever started us which ports it became. */
function portsFileWrite(config: Config, { ports, udpPorts }: Supervisor): void {
  const path = process.env['MEMCACHED_PORT_FILENAME'];
  if (path === undefined || config.unixSocketPath !== null) return;
  const lines = (transport: string, numbers: readonly number[]): string =>
    numbers.map((port) => `${transport} INET: ${port}\n`).join('');
  writeFileSync(path, lines('TCP', ports) + lines('UDP', udpPorts));
}
