/**
 * FAILOVER and REPLICAOF, as far as a primary without replicas can answer them: it has nobody to hand over to, and
 * is what REPLICAOF NO ONE asks it to be. It cannot become a replica, and says so.
 *
 * Cf. valkey-io/valkey src/replication.c.
 */
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';

const { ADMIN, NO_SCRIPT, STALE, NO_ASYNC_LOADING } = FLAG;
const REPLICA_OF = ADMIN | NO_SCRIPT | STALE | NO_ASYNC_LOADING;
const ADDRESS = '((host port) | (NO ONE))';

// biome-ignore format: a table reads in columns
export const REPLICATION_ROWS: readonly RespRow[] = [
  { name: 'failover',  arity: -1, flags: ADMIN | NO_SCRIPT | STALE, group: 'server', since: '6.2.0', complexity: 'O(1)', syntax: '[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]', doc: 'Hands over to a replica; there is none.', run: failover },
  { name: 'replicaof', arity:  3, flags: REPLICA_OF, group: 'server', since: '5.0.0', complexity: 'O(1)', syntax: ADDRESS, doc: 'Makes the server a primary, which it is.', run: replicaOf },
  { name: 'slaveof',   arity:  3, flags: REPLICA_OF, group: 'server', since: '1.0.0', complexity: 'O(1)', syntax: ADDRESS, doc: 'As REPLICAOF.', run: replicaOf },
];

const PORT_MAX = 65535;
const ERROR = {
  badPort: 'ERR Invalid master port',
  noAbort: 'ERR No failover in progress.',
  noReplicas: 'ERR FAILOVER requires connected replicas.',
  noTimeout: 'ERR FAILOVER timeout must be greater than 0',
  notReplica: 'ERR REPLICAOF is for NO ONE only: this server cannot be a replica',
} as const;

/** FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds] */
function failover(call: RespCall): void {
  const { args } = call;
  if (args.count === 2 && argumentIs(args, 1, 'abort')) {
    answerError(call, ERROR.noAbort);
    return;
  }
  let hasTimeout = false;
  let hasHost = false;
  let isForced = false;
  for (let at = 1; at < args.count; at++) {
    if (!hasTimeout && at + 1 < args.count && argumentIs(args, at, 'timeout')) {
      if (!timeoutIsSound(call, ++at)) return;
      hasTimeout = true;
    } else if (!hasHost && at + 2 < args.count && argumentIs(args, at, 'to')) {
      at += 2;
      if (Number.isNaN(integerArgument(call, at))) return;
      hasHost = true;
    } else if (!isForced && argumentIs(args, at, 'force')) {
      isForced = true;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return;
    }
  }
  answerError(call, ERROR.noReplicas);
}

/** False: an error has been answered. */
function timeoutIsSound(call: RespCall, index: number): boolean {
  const timeoutMs = integerArgument(call, index);
  if (timeoutMs <= 0) answerError(call, ERROR.noTimeout);
  return timeoutMs > 0;
}

/** REPLICAOF (host port | NO ONE) */
function replicaOf(call: RespCall): void {
  const { args } = call;
  if (argumentIs(args, 1, 'no') && argumentIs(args, 2, 'one')) {
    respOk(call.reply);
    return;
  }
  const port = integerArgument(call, 2, ERROR.badPort);
  if (Number.isNaN(port)) return;
  answerError(call, port < 0 || port > PORT_MAX ? ERROR.badPort : ERROR.notReplica);
}
