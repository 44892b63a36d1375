/** CONFIG GET and SET. What is set on one thread all have by the time the client has its answer. */
import { globMatches } from '../../base/glob.ts';
import { configApply, configPlan, configShown } from '../../config/config-change.ts';
import { argumentText } from '../../protocol/resp/arguments.ts';
import { respMap, respOk, respText } from '../../protocol/resp/reply.ts';
import { answerError, type RespCall } from './call.ts';
import { keyEventsSet } from './key-events.ts';
import { FLAG, type RespRow } from './row.ts';

const { ADMIN, NO_SCRIPT, LOADING, STALE } = FLAG;
const FLAGS = ADMIN | NO_SCRIPT | LOADING | STALE;
const COMMON = { group: 'server', since: '2.0.0', categories: ['dangerous'] } as const;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly RespRow[] = [
  { name: 'get', arity: -3, flags: FLAGS, ...COMMON, complexity: 'O(N), N the directives there are', syntax: 'parameter [parameter ...]', doc: 'Shows settings by name or pattern.', run: get },
  { name: 'set', arity: -4, flags: FLAGS, ...COMMON, complexity: 'O(N), N the settings given', syntax: 'parameter value [parameter value ...]', doc: 'Changes settings, all or none.', run: set },
];

// biome-ignore format: a table reads in columns
export const CONFIG_ROWS: readonly RespRow[] = [
  { name: 'config', arity: -2, flags: 0, ...COMMON, complexity: 'Depends on subcommand.', syntax: '', doc: 'Settings of the server.', run: get, subcommands: SUBCOMMANDS },
];

function wordsFrom({ args }: RespCall, first: number): string[] {
  const words: string[] = [];
  for (let index = first; index < args.count; index++) words.push(argumentText(args, index));
  return words;
}

function get(call: RespCall): void {
  const { reply, config } = call;
  const shown = configShown(config, wordsFrom(call, 2), (pattern, name) => {
    const [from, to] = [Buffer.from(pattern, 'latin1'), Buffer.from(name, 'latin1')];
    return globMatches(from, 0, from.length, to, 0, to.length, true);
  });
  respMap(reply, shown.size);
  for (const [name, text] of shown) {
    respText(reply, name);
    respText(reply, text);
  }
}

function set(call: RespCall): void {
  const { config, reply, bulletin } = call;
  const words = wordsFrom(call, 2);
  if (words.length % 2 !== 0) {
    answerError(call, "ERR wrong number of arguments for 'config|set' command");
    return;
  }
  const plan = configPlan(config, words, true);
  if (plan.problem !== null) {
    answerError(call, `ERR ${plan.problem}`);
    return;
  }
  configApply(config, plan.changes);
  if (plan.changes.some(({ row }) => row.name === 'notify-keyspace-events')) {
    keyEventsSet(call.keyspace, config.hot.notifyKeyspaceEvents);
  }
  for (const { row, text } of plan.changes) {
    bulletin.post({ kind: 'setting', name: row.name, text });
  }
  respOk(reply);
}

/** Has this thread hear of what others set. */
export function configListen({ bulletin, config }: RespCall): void {
  bulletin.on('setting', ({ name, text }) => config.change(String(name), String(text)));
}
