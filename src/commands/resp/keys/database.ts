/** Whole databases: how many keys they have, emptying and exchanging them. */
import { DATABASE_COUNT } from '../../../base/key.ts';
import {
  databaseFlush,
  databaseKeyCount,
  databaseOf,
  databaseSwap,
  partitionFlush,
} from '../../../engine/database.ts';
import { keyspaceKeyCount } from '../../../engine/keyspace.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respInteger, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';

const { WRITE, READONLY, FAST, ALL_LOCKED } = FLAG;
const KEYSPACE = ['keyspace'];
const DANGEROUS = ['keyspace', 'dangerous'];

// biome-ignore format: a table reads in columns
export const DATABASE_ROWS: readonly RespRow[] = [
  { name: 'dbsize',   arity:  1, flags: READONLY | FAST,           group: 'server', categories: KEYSPACE,  since: '1.0.0', complexity: 'O(1)', syntax: '', doc: 'How many keys the database has.', run: dbSize },
  { name: 'flushdb',  arity: -1, flags: WRITE | ALL_LOCKED,        group: 'server', categories: DANGEROUS, since: '1.0.0', complexity: 'O(1); the memory is given back later', syntax: '[ASYNC | SYNC]', doc: 'Deletes all keys of the database.', run: flushDb },
  { name: 'flushall', arity: -1, flags: WRITE | ALL_LOCKED,        group: 'server', categories: DANGEROUS, since: '1.0.0', complexity: 'O(1); the memory is given back later', syntax: '[ASYNC | SYNC]', doc: 'Deletes all keys of all databases.', run: flushAll },
  { name: 'swapdb',   arity:  3, flags: WRITE | FAST | ALL_LOCKED, group: 'server', categories: DANGEROUS, since: '4.0.0', complexity: 'O(N), N the clients that wait for keys of the two', syntax: 'index1 index2', doc: 'Exchanges two databases.', run: swapDb },
];

function dbSize({ keyspace, session, reply }: RespCall): void {
  respInteger(reply, keyspaceKeyCount(keyspace, session.namespace));
}

/** Whether the options make sense. They change nothing: no flush walks the keys. */
function flushOptionsHold(call: RespCall): boolean {
  const { args } = call;
  if (args.count === 1) return true;
  const isKnown = argumentIs(args, 1, 'async') || argumentIs(args, 1, 'sync');
  if (isKnown && args.count === 2) return true;
  answerError(call, RESP_ERROR.syntax);
  return false;
}

function flushDb(call: RespCall): void {
  if (!flushOptionsHold(call)) return;
  const { keyspace, session } = call;
  for (const p of keyspace.partitions) {
    changesCount(call, databaseKeyCount(p, session.namespace));
    databaseFlush(p, session.namespace);
  }
  waitsAwake(call, session.database);
  respOk(call.reply);
}

function flushAll(call: RespCall): void {
  if (!flushOptionsHold(call)) return;
  databasesFlush(call);
  respOk(call.reply);
}

/** Empties all databases. The locks of all partitions are held. */
export function databasesFlush(call: RespCall): void {
  for (const p of call.keyspace.partitions) {
    for (let database = 0; database < DATABASE_COUNT; database++) {
      changesCount(call, databaseKeyCount(p, database));
    }
    partitionFlush(p);
  }
  for (let called = 0; called < DATABASE_COUNT; called++) waitsAwake(call, called);
}

function swapDb(call: RespCall): void {
  const { keyspace, session, reply } = call;
  const one = integerArgument(call, 1, 'ERR invalid first DB index');
  if (Number.isNaN(one)) return;
  const other = integerArgument(call, 2, 'ERR invalid second DB index');
  if (Number.isNaN(other)) return;
  if (!isDatabase(one) || !isDatabase(other)) {
    answerError(call, RESP_ERROR.invalidDatabase);
    return;
  }
  databaseSwap(keyspace.control, one, other);
  session.namespace = databaseOf(keyspace.control, session.database);
  waitsAwake(call, one);
  waitsAwake(call, other);
  changesCount(call, 1);
  respOk(reply);
}

export function isDatabase(called: number): boolean {
  return called >= 0 && called < DATABASE_COUNT;
}

/** Whoever waits for a key of the database looks for it again: there may be one now, or none any more. */
function waitsAwake({ keyspace, waits, p, bulletin }: RespCall, called: number): void {
  bulletin.catchUp(); // whoever began to wait before these locks were taken has told so
  const namespace = databaseOf(keyspace.control, called);
  for (const name of waits.names(called)) {
    p.ready.push({ key: Buffer.from(name.slice(name.indexOf(':') + 1), 'latin1'), namespace });
  }
}
