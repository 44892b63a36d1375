/**
 * The start as redis-server: `flagstone --resp-conf [FILE] [--directive value …]`, where everything
 * behind the first word is as redis-server takes it. memcached stays off, unless the environment or
 * --config's file turns it on (FLAGSTONE_PORT=11211); they also hold what redis.conf has no words for.
 */
import { readFileSync } from 'node:fs';
import { type ConfArguments, confArguments } from '../config/conf-options.ts';
import { RespConfig } from '../config/resp-config.ts';
import type { Config, Draft, Machine } from './config.ts';
import { configFinish } from './config-rules.ts';
import { MEMORY_BYTES_MAX } from './option-rows.ts';
import {
  memoryBytesOf,
  respConfRead,
  respConnections,
  respThreads,
  respTls,
} from './resp-options.ts';
import { MIB } from './units.ts';

const FIRST_WORD = '--resp-conf';
const STANDARD_INPUT = 0;
/** Redis's own limit for a value. */
const ITEM_BYTES_MAX = 512 * MIB;
const PID_FILE_DEFAULT = '/var/run/flagstone.pid';

/** The words for redis-server, one character per byte; null: it is an ordinary start. */
export function respServerWords(argv: readonly string[]): readonly string[] | null {
  if (argv[0] !== FIRST_WORD) return null;
  return argv.slice(1).map((word) => Buffer.from(word).toString('latin1'));
}

/**
 * Reads config file and directives, and seals the draft.
 *   draft    what environment and config file gave
 *   errors   FlagstoneError: RESP_CONF above all
 */
export function respServerFinish(draft: Draft, machine: Machine, words: readonly string[]): Config {
  const resp = new RespConfig();
  const met = respConfRead(resp, confSource(confArguments(words)));
  const { settings } = resp;
  const { config, given } = draft;
  if (!given.has('port') && !given.has('unix-socket')) config.port = 0;
  if (!given.has('udp-port')) config.udpPort = 0;
  memorySet(config, machine, settings.maxmemory);
  config.evict = settings.maxmemoryPolicy !== 'noeviction';
  respConnections(config, settings);
  if (met.has('io-threads')) respThreads(config, settings);
  config.backlog = Math.max(1, settings.tcpBacklog);
  config.daemonize = settings.daemonize;
  const pidFile =
    settings.pidfile === '' && settings.daemonize ? PID_FILE_DEFAULT : settings.pidfile;
  config.pidFile = pidFile === '' ? null : pidFile;
  config.respPort = settings.port;
  respTls(draft, settings);
  config.resp = resp.image();
  config.isRespServer = true;
  return configFinish(draft, machine);
}

function confSource({
  path,
  readsInput,
  lines,
}: ConfArguments): Parameters<typeof respConfRead>[1] {
  const input = readsInput ? readFileSync(STANDARD_INPUT, 'latin1') : '';
  return { path, input, options: lines };
}

/** Without a limit the machine is one; what is reserved costs nothing until it is used. */
function memorySet(config: Draft['config'], machine: Machine, maxmemory: number): void {
  const machineBytes = memoryBytesOf(Math.min(machine.memoryBytes, MEMORY_BYTES_MAX));
  config.memoryBytes = maxmemory === 0 ? machineBytes : memoryBytesOf(maxmemory);
  config.memoryBytesMax = Math.max(config.memoryBytes, machineBytes);
  config.itemBytesMax = Math.min(ITEM_BYTES_MAX, Math.floor(config.memoryBytes / 2));
}
