/** CONFIG: the directives of redis.conf while the server runs. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { errorReason, errorSystemCode } from '../../../base/errors.ts';
import { globMatches } from '../../../base/glob.ts';
import { confRewritten } from '../../../config/conf-rewrite.ts';
import { configShown } from '../../../config/config-change.ts';
import { partitionCountsReset } from '../../../engine/keyspace.ts';
import { commandStatsReset } from '../../../memory/command-stats.ts';
import { CONTROL } from '../../../memory/control.ts';
import { respStatsReset } from '../../../memory/resp-stats.ts';
import { argumentText } from '../../../protocol/resp/arguments.ts';
import { respMap, respOk, respText } from '../../../protocol/resp/reply.ts';
import { userLine } from '../acl/acl-change.ts';
import { answerError, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { partitionEnter, partitionLeave } from '../locks.ts';
import { FLAG, type RespRow } from '../row.ts';
import { configSet } from './config-set.ts';

const { ADMIN, NO_SCRIPT, LOADING, STALE, WHOLE, CHANGES_USERS } = FLAG;
const CONFIG_FLAGS = ADMIN | NO_SCRIPT | LOADING | STALE;
const FILE_MODE = 0o644;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'get',       arity: -3, flags: CONFIG_FLAGS, since: '2.0.0', complexity: 'O(N), N the directives asked for', syntax: '<parameter> [<parameter> ...]', doc: 'Return directives that match the pattern, and their values.', run: configGet },
  { name: 'resetstat', arity:  2, flags: CONFIG_FLAGS | WHOLE, since: '2.0.0', complexity: 'O(1)', syntax: '', doc: 'Start all statistics of INFO anew.', run: configResetStat },
  { name: 'rewrite',   arity:  2, flags: CONFIG_FLAGS, since: '2.8.0', complexity: 'O(1)', syntax: '', doc: 'Write the values of now into the configuration file.', run: configRewrite },
  { name: 'set',       arity: -4, flags: CONFIG_FLAGS | CHANGES_USERS, since: '2.0.0', complexity: 'O(N), N the directives given', syntax: '<parameter> <value> [<parameter> <value> ...]', doc: 'Set directives to values.', run: configSet },
];

export const CONFIG_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'config',
      group: 'server',
      since: '2.0.0',
      doc: 'Commands on the configuration.',
      helpSince: '5.0.0',
    },
    SUBCOMMANDS,
  ),
];

function configGet({ args, reply, config }: RespCall): void {
  const names: string[] = [];
  for (let at = 2; at < args.count; at++) names.push(argumentText(args, at));
  const shown = configShown(config, names, patternMatches);
  respMap(reply, shown.size);
  for (const [name, text] of shown) {
    respText(reply, name);
    respText(reply, text);
  }
}

function patternMatches(pattern: string, name: string): boolean {
  const [glob, text] = [Buffer.from(pattern, 'latin1'), Buffer.from(name, 'latin1')];
  return globMatches(glob, 0, glob.length, text, 0, text.length, true);
}

/** The statistics of memcached's commands are other ones: `stats reset`. */
function configResetStat(call: RespCall): void {
  const { keyspace, reply } = call;
  commandStatsReset(keyspace.commandStats);
  respStatsReset(keyspace.respStats);
  Atomics.store(keyspace.control.i32, CONTROL.connectionRejects, 0);
  for (const p of keyspace.partitions) {
    const entered = partitionEnter(call.locks, p);
    partitionCountsReset(p);
    partitionLeave(call.locks, p, entered);
  }
  respOk(reply);
}

function configRewrite(call: RespCall): void {
  const problem = configFileRewrite(call, false);
  if (problem === null) respOk(call.reply);
  else answerError(call, problem);
}

/** Writes the configuration file; `isFull`: with every directive. Null, or the error to answer. */
export function configFileRewrite({ config, users }: RespCall, isFull: boolean): string | null {
  const { path } = config;
  config.usersChange(users.all().map(userLine), [...config.users.keys()]);
  if (path === null) return 'ERR The server is running without a config file';
  try {
    const content = confRewritten(config, fileText(path), isFull);
    const underWay = `${path}.${process.pid}.tmp`;
    writeFileSync(underWay, content, { encoding: 'latin1', mode: FILE_MODE });
    renameSync(underWay, path);
    return null;
  } catch (error) {
    return `ERR Rewriting config file: ${errorReason(error)}`;
  }
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (errorSystemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
