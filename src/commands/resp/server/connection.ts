/** Commands on the connection itself. */
import { databaseOf } from '../../../engine/database.ts';
import { argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respBulk, respOk, respSimple, respText } from '../../../protocol/resp/reply.ts';
import { sessionFollow } from '../acl/acl-guard.ts';
import { answerError, type RespCall } from '../call.ts';
import { FLAG, type RespRow } from '../row.ts';
import { GATE, PHASE, subscriptionCount } from '../session.ts';
import { subscriptionsEnd } from '../subscriptions/pubsub.ts';
import { trackingEnd } from '../tracking/tracking.ts';
import { transactionForget } from '../transaction-state.ts';
import { clientNameSet } from './client-name.ts';
import { monitorEnd } from './monitor.ts';

const { NO_SCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY, WHOLE } = FLAG;

// biome-ignore format: a table reads in columns
export const CONNECTION_ROWS: readonly RespRow[] = [
  { name: 'ping',   arity: -1, flags: FAST, group: 'connection', since: '1.0.0', complexity: 'O(1)', syntax: '[message]', doc: 'Tells that the server is there.', run: ping },
  { name: 'echo',   arity:  2, flags: FAST | LOADING | STALE, group: 'connection', since: '1.0.0', complexity: 'O(1)', syntax: 'message', doc: 'Returns the message.', run: echo },
  { name: 'select', arity:  2, flags: LOADING | STALE | FAST | WHOLE, group: 'connection', since: '1.0.0', complexity: 'O(1)', syntax: 'index', doc: 'Chooses the database.', run: select },
  { name: 'quit',   arity: -1, flags: NO_SCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY, group: 'connection', since: '1.0.0', complexity: 'O(1)', syntax: '', doc: 'Closes the connection.', run: quit },
  { name: 'reset',  arity:  1, flags: NO_SCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY, group: 'connection', since: '6.2.0', complexity: 'O(1)', syntax: '', doc: 'Makes the connection as it was at its start.', run: reset },
];

function ping(call: RespCall): void {
  const { args, reply, session } = call;
  if (args.count > 2) {
    answerError(call, "ERR wrong number of arguments for 'ping' command");
    return;
  }
  if (session.resp === 2 && subscriptionCount(session) > 0) {
    respArray(reply, 2);
    respText(reply, 'pong');
    respText(reply, args.count === 2 ? argumentText(args, 1) : '');
  } else if (args.count === 2) {
    echo(call);
  } else {
    respSimple(reply, 'PONG');
  }
}

function echo({ reply, args }: RespCall): void {
  respBulk(reply, args.source, args.start[1], args.end[1] - args.start[1]);
}

function select(call: RespCall): void {
  const { args, config } = call;
  const text = argumentText(args, 1);
  if (!/^-?(0|[1-9]\d*)$/.test(text)) {
    answerError(call, RESP_ERROR.notInteger);
    return;
  }
  const database = Number(text);
  if (database < 0 || database >= config.hot.databases) {
    answerError(call, RESP_ERROR.invalidDatabase);
    return;
  }
  databaseSelect(call, database);
  respOk(call.reply);
}

function databaseSelect({ session, keyspace }: RespCall, database: number): void {
  session.database = database;
  session.namespace = databaseOf(keyspace.control, database);
}

function quit({ session, reply }: RespCall): void {
  respOk(reply);
  session.phase = PHASE.CLOSED;
}

/** The password that was given is forgotten too. */
function reset(call: RespCall): void {
  const { session, reply, users } = call;
  transactionForget(session);
  subscriptionsEnd(call, session);
  trackingEnd(call, session);
  monitorEnd(call, session);
  session.gate &= ~(GATE.REPLY_OFF | GATE.REPLY_SKIP | GATE.REPLY_SKIP_NEXT);
  session.user = users.default;
  session.isAuthenticated = users.isOpen;
  sessionFollow(call, session);
  databaseSelect(call, 0);
  session.resp = 2;
  reply.resp = 2;
  session.noEvict = false;
  session.noTouch = false;
  call.op.isTraceless = false;
  clientNameSet(call, '');
  respSimple(reply, 'RESET');
}
