/** CLIENT: what there is to know of connections, and to do with them. */
import { CLIENT } from '../../../memory/client-records.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, subcommandMisused } from '../../../protocol/resp/errors.ts';
import {
  respInteger,
  respNull,
  respOk,
  respText,
  respVerbatim,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';
import { GATE } from '../session.ts';
import { CLIENT_TRACKING_ROWS } from '../tracking/client-tracking.ts';
import { waitUnblock } from '../waits.ts';
import { clientKill } from './client-kill.ts';
import { clientLine, clientsWalk, clientType, clientTypeOf } from './client-list.ts';
import { clientInfoSet, clientNameSet } from './client-name.ts';
import { clientNoteSelf } from './client-note.ts';
import { clientPause, clientUnpause } from './client-pause.ts';

const { NO_SCRIPT, LOADING, STALE, ADMIN } = FLAG;
const CLIENT_FLAGS = NO_SCRIPT | LOADING | STALE;
const O1 = 'O(1)';
const ON = 'O(N), N the connections';
const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'getname',  arity:  2, flags: CLIENT_FLAGS, since: '2.6.9',  complexity: O1, syntax: '', doc: 'Return the name of the current connection.', run: getName },
  { name: 'id',       arity:  2, flags: CLIENT_FLAGS, since: '5.0.0',  complexity: O1, syntax: '', doc: 'Return the ID of the current connection.', run: clientId },
  { name: 'info',     arity:  2, flags: CLIENT_FLAGS, since: '6.2.0',  complexity: O1, syntax: '', doc: 'Return what CLIENT LIST says of the current connection.', run: clientInfo },
  { name: 'kill',     arity: -3, flags: CLIENT_FLAGS | ADMIN, since: '2.4.0', complexity: ON, syntax: '(<ip:port> | [ID client-id] [TYPE (NORMAL | MASTER | REPLICA | PUBSUB)] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME (YES | NO)] [MAXAGE seconds])', doc: 'Close connections.', run: clientKill },
  { name: 'list',     arity: -2, flags: CLIENT_FLAGS | ADMIN, since: '2.4.0', complexity: ON, syntax: '[TYPE (NORMAL | MASTER | REPLICA | PUBSUB)] [ID client-id [client-id ...]]', doc: 'Return a line for each connection.', run: clientList },
  { name: 'no-evict', arity:  3, flags: CLIENT_FLAGS | ADMIN, since: '7.0.0', complexity: O1, syntax: '(ON | OFF)', doc: 'Note that the connection should outlive others. No connection is closed for its memory.', run: noEvict },
  { name: 'no-touch', arity:  3, flags: CLIENT_FLAGS, since: '7.2.0',  complexity: O1, syntax: '(ON | OFF)', doc: 'Have commands of this connection leave the idle times of keys alone.', run: noTouch },
  { name: 'pause',    arity: -3, flags: CLIENT_FLAGS | ADMIN, since: '3.0.0', complexity: O1, syntax: 'timeout [WRITE | ALL]', doc: 'Hold back the commands of all clients, or those that write, for so many milliseconds.', run: clientPause },
  { name: 'reply',    arity:  3, flags: CLIENT_FLAGS, since: '3.2.0',  complexity: O1, syntax: '(ON | OFF | SKIP)', doc: 'Choose whether commands of this connection are answered.', run: clientReply },
  { name: 'setinfo',  arity:  4, flags: CLIENT_FLAGS, since: '7.2.0',  complexity: O1, syntax: '(LIB-NAME libname | LIB-VER libver)', doc: 'Name the library of the current connection, or its version.', run: setInfo },
  { name: 'setname',  arity:  3, flags: CLIENT_FLAGS, since: '2.6.9',  complexity: O1, syntax: 'connection-name', doc: 'Name the current connection.', run: setName },
  { name: 'unblock',  arity: -3, flags: CLIENT_FLAGS | ADMIN, since: '5.0.0', complexity: O1, syntax: 'client-id [TIMEOUT | ERROR]', doc: 'End the wait of a client that a command blocks.', run: unblock },
  { name: 'unpause',  arity:  2, flags: CLIENT_FLAGS | ADMIN, since: '6.2.0', complexity: O1, syntax: '', doc: 'End CLIENT PAUSE.', run: clientUnpause },
];

export const CLIENT_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'client',
      group: 'connection',
      since: '2.4.0',
      doc: 'Commands on connections.',
      helpSince: '5.0.0',
    },
    [...SUBCOMMANDS, ...CLIENT_TRACKING_ROWS],
  ),
];

function clientId({ reply, session }: RespCall): void {
  respInteger(reply, session.id);
}

function getName({ reply, session }: RespCall): void {
  if (session.name === '') respNull(reply);
  else respText(reply, session.name);
}

function setName(call: RespCall): void {
  if (clientNameSet(call, argumentText(call.args, 2))) respOk(call.reply);
}

function setInfo(call: RespCall): void {
  const { args } = call;
  if (clientInfoSet(call, argumentText(args, 2), argumentText(args, 3))) respOk(call.reply);
}

function clientInfo(call: RespCall): void {
  clientNoteSelf(call);
  respVerbatim(call.reply, 'txt', `${clientLine(call, call.session.host.record)}\n`);
}

function clientList(call: RespCall): void {
  const { args } = call;
  let isListed = (_record: number): boolean => true;
  if (args.count === 4 && argumentIs(args, 2, 'type')) {
    const name = argumentText(args, 3);
    const type = clientTypeOf(name);
    if (type === null) {
      answerError(call, `ERR Unknown client type '${name}'`);
      return;
    }
    isListed = (record) => clientType(call, record) === type;
  } else if (args.count > 3 && argumentIs(args, 2, 'id')) {
    const ids = new Set<number>();
    for (let at = 3; at < args.count; at++) {
      const id = integerArgument(call, at, 'ERR Invalid client ID');
      if (Number.isNaN(id)) return;
      ids.add(id);
    }
    isListed = (record) => ids.has(call.keyspace.control.i32[record + CLIENT.id]);
  } else if (args.count !== 2) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const records: number[] = [];
  clientsWalk(call, (record) => {
    if (isListed(record)) records.push(record);
  });
  const { i32 } = call.keyspace.control;
  records.sort((a, b) => i32[a + CLIENT.id] - i32[b + CLIENT.id]);
  const lines = records.map((record) => `${clientLine(call, record)}\n`);
  respVerbatim(call.reply, 'txt', lines.join(''));
}

function noEvict(call: RespCall): void {
  const isOn = onOrOff(call);
  if (isOn === null) return;
  call.session.noEvict = isOn;
  call.session.weighedBytes = 0;
  respOk(call.reply);
}

function noTouch(call: RespCall): void {
  const isOn = onOrOff(call);
  if (isOn === null) return;
  call.session.noTouch = isOn;
  call.op.isTraceless = isOn;
  respOk(call.reply);
}

/** Null: a syntax error has been answered. */
function onOrOff(call: RespCall): boolean | null {
  if (argumentIs(call.args, 2, 'on')) return true;
  if (argumentIs(call.args, 2, 'off')) return false;
  answerError(call, RESP_ERROR.syntax);
  return null;
}

function clientReply(call: RespCall): void {
  const { args, session } = call;
  if (argumentIs(args, 2, 'on')) {
    session.gate &= ~(GATE.REPLY_OFF | GATE.REPLY_SKIP | GATE.REPLY_SKIP_NEXT);
    respOk(call.reply);
  } else if (argumentIs(args, 2, 'off')) {
    session.gate |= GATE.REPLY_OFF;
  } else if (argumentIs(args, 2, 'skip')) {
    if ((session.gate & GATE.REPLY_OFF) === 0) session.gate |= GATE.REPLY_SKIP_NEXT;
  } else {
    answerError(call, RESP_ERROR.syntax);
  }
}

function unblock(call: RespCall): void {
  const { args } = call;
  let withError = false;
  if (args.count === 4) {
    withError = argumentIs(args, 3, 'error');
    if (!withError && !argumentIs(args, 3, 'timeout')) {
      answerError(call, 'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
      return;
    }
  } else if (args.count > 4) {
    answerError(call, subcommandMisused('client', argumentText(args, 1)));
    return;
  }
  const id = integerArgument(call, 2);
  if (Number.isNaN(id)) return;
  respInteger(call.reply, waitUnblock(call, id, withError ? UNBLOCKED : null) ? 1 : 0);
}
