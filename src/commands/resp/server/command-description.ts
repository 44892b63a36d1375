/** What COMMAND INFO tells of a command: its row, in the form that clients of Redis expect. */
import type { Reply } from '../../../protocol/reply.ts';
import {
  respArray,
  respInteger,
  respMap,
  respNullArray,
  respSet,
  respSimple,
  respText,
} from '../../../protocol/resp/reply.ts';
import type { Command } from '../command.ts';
import { FLAG, type KeySpec } from '../row.ts';
import { commandCategories } from './command-categories.ts';

/** Flags that are shown, in order. */
const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [FLAG.WRITE, 'write'],
  [FLAG.READONLY, 'readonly'],
  [FLAG.DENY_OOM, 'denyoom'],
  [FLAG.ADMIN, 'admin'],
  [FLAG.PUBSUB, 'pubsub'],
  [FLAG.NO_SCRIPT, 'noscript'],
  [FLAG.BLOCKING, 'blocking'],
  [FLAG.LOADING, 'loading'],
  [FLAG.STALE, 'stale'],
  [FLAG.SKIP_MONITOR, 'skip_monitor'],
  [FLAG.SKIP_SLOWLOG, 'skip_slowlog'],
  [FLAG.ASKING, 'asking'],
  [FLAG.FAST, 'fast'],
  [FLAG.NO_AUTH, 'no_auth'],
  [FLAG.NO_MANDATORY_KEYS, 'no_mandatory_keys'],
  [FLAG.NO_ASYNC_LOADING, 'no_async_loading'],
  [FLAG.NO_MULTI, 'no_multi'],
];

/** Behind the keys that move: so it is upstream. */
const FLAG_NAMES_LAST: typeof FLAG_NAMES = [[FLAG.ALLOW_BUSY, 'allow_busy']];

/** The first and the last key, and the step between keys, where all keys are found so. */
export type KeyRange = { readonly first: number; readonly last: number; readonly step: number };

const NO_KEYS: KeyRange = { first: 0, last: 0, step: 0 };

export function commandInfoWrite(reply: Reply, command: Command | null): void {
  if (command === null) {
    respNullArray(reply);
    return;
  }
  const { fullName, arity, row } = command;
  const { range } = commandKeyRange(command);
  const { keys = [] } = row;
  const categories = commandCategories(command);
  respArray(reply, 10);
  respText(reply, fullName);
  respInteger(reply, arity);
  statusesWrite(reply, commandFlagNames(command));
  respInteger(reply, range.first);
  respInteger(reply, range.last);
  respInteger(reply, range.step);
  statusesWrite(
    reply,
    categories.map((category) => `@${category}`),
  );
  respArray(reply, 0);
  respArray(reply, keys.length);
  for (const spec of keys) keySpecWrite(reply, spec);
  respArray(reply, command.subcommands.length);
  for (const sub of command.subcommands) commandInfoWrite(reply, sub);
}

export function commandFlagNames(command: Command): readonly string[] {
  const named = (rows: typeof FLAG_NAMES): readonly string[] =>
    rows.filter(([flag]) => (command.flags & flag) !== 0).map(([, name]) => name);
  const moves = commandKeyRange(command).moves ? ['movablekeys'] : [];
  return [...named(FLAG_NAMES), ...moves, ...named(FLAG_NAMES_LAST)];
}

/**
 * One range for all keys, as far as there is one, and whether there are keys that it does not have. Source:
 * Redis src/server.c populateCommandLegacyRangeSpec.
 */
export function commandKeyRange({ row }: Command): { range: KeyRange; moves: boolean } {
  const { keys = [], keysFind } = row;
  if (keys.length === 1 && isRange(keys[0])) {
    return {
      range: rangeOf(keys[0]),
      moves: keys[0].incomplete === true || keysFind !== undefined,
    };
  }
  let moves = keysFind !== undefined;
  let range = NO_KEYS;
  for (const spec of keys) {
    const own = isRange(spec) ? rangeOf(spec) : NO_KEYS;
    const follows = range === NO_KEYS || range.last === own.first - 1;
    if (own.step !== 1 || !follows) {
      moves = true;
      continue;
    }
    if (spec.incomplete) moves = true;
    range = range === NO_KEYS ? own : { ...range, last: own.last };
  }
  return { range, moves };
}

function isRange({ counted, keyword }: KeySpec): boolean {
  return !counted && keyword === undefined;
}

function rangeOf({ from, to = 0, step = 1 }: KeySpec): KeyRange {
  return { first: from, last: to < 0 ? to : from + to, step };
}

function statusesWrite(reply: Reply, texts: readonly string[]): void {
  respSet(reply, texts.length);
  for (const text of texts) respSimple(reply, text);
}

function keySpecWrite(reply: Reply, spec: KeySpec): void {
  const { use, from, to = 0, step = 1, counted, keyword, half, incomplete } = spec;
  respMap(reply, 3);
  respText(reply, 'flags');
  statusesWrite(reply, [...use.split(' '), ...(incomplete ? ['incomplete'] : [])]);
  respText(reply, 'begin_search');
  if (keyword === undefined) {
    partWrite(reply, 'index', [['index', from]]);
  } else {
    const fields = [
      ['keyword', keyword.toUpperCase()],
      ['startfrom', from],
    ] as const;
    partWrite(reply, 'keyword', fields);
  }
  respText(reply, 'find_keys');
  const fields = counted
    ? ([
        ['keynumidx', 0],
        ['firstkey', 1],
        ['keystep', step],
      ] as const)
    : ([
        ['lastkey', to],
        ['keystep', step],
        ['limit', half ? 2 : 0],
      ] as const);
  partWrite(reply, counted ? 'keynum' : 'range', fields);
}

function partWrite(
  reply: Reply,
  type: string,
  fields: readonly (readonly [name: string, value: number | string])[],
): void {
  respMap(reply, 2);
  respText(reply, 'type');
  respText(reply, type);
  respText(reply, 'spec');
  respMap(reply, fields.length);
  for (const [name, value] of fields) {
    respText(reply, name);
    if (typeof value === 'number') respInteger(reply, value);
    else respText(reply, value);
  }
}
