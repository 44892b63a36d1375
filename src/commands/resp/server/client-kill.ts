/** CLIENT KILL: closes clients of any thread, found by what their records say. */
import { CLIENT, CLIENT_TEXT, clientTake, clientTextIs } from '../../../memory/client-records.ts';
import { type Arguments, argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respInteger, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { PHASE } from '../session.ts';
import {
  type ClientType,
  clientAddress,
  clientAgeSec,
  clientLocal,
  clientsWalk,
  clientType,
  clientTypeOf,
} from './client-list.ts';

type KillFilter = {
  address: string | null;
  local: string | null;
  type: ClientType | null;
  user: string | null;
  id: number;
  ageSecMin: number;
  skipsMe: boolean;
};

/** CLIENT KILL ip:port, or filters that have to hold all together. */
export function clientKill(call: RespCall): void {
  const { args, reply } = call;
  const filter: KillFilter = {
    address: null,
    local: null,
    type: null,
    user: null,
    id: 0,
    ageSecMin: 0,
    skipsMe: true,
  };
  const isOldForm = args.count === 3;
  if (isOldForm) {
    filter.address = argumentText(args, 2);
    filter.skipsMe = false;
  } else if (!filtersRead(call, filter)) {
    return;
  }
  const ids: number[] = [];
  const { control } = call.keyspace;
  clientsWalk(call, (record) => {
    if (!filterHolds(call, filter, record)) return;
    // From now on nobody sees it, whenever its thread comes to close it; and it is nobody else's to kill.
    const id = clientTake(control, record);
    if (id !== 0) ids.push(id);
  });
  clientsClose(call, ids);
  if (!isOldForm) respInteger(reply, ids.length);
  else if (ids.length > 0) respOk(reply);
  else answerError(call, 'ERR No such client');
}

function filterHolds(call: RespCall, filter: KillFilter, record: number): boolean {
  const { address, local, type, user, id, ageSecMin, skipsMe } = filter;
  const { control } = call.keyspace;
  const own = control.i32[record + CLIENT.id];
  if (address !== null && clientAddress(call, record) !== address) return false;
  if (local !== null && clientLocal(call, record) !== local) return false;
  if (type !== null && clientType(call, record) !== type) return false;
  if (user !== null && !clientTextIs(control, record, CLIENT_TEXT.user, user)) return false;
  if (id !== 0 && own !== id) return false;
  if (skipsMe && own === call.session.id) return false;
  return ageSecMin === 0 || clientAgeSec(call, record) >= ageSecMin;
}

/** False: an error has been answered. */
function filtersRead(call: RespCall, filter: KillFilter): boolean {
  const { args } = call;
  for (let at = 2; at < args.count; at += 2) {
    const hasValue = at + 1 < args.count;
    if (!hasValue || !filterRead(call, args, at, filter)) {
      if (!call.failed) answerError(call, RESP_ERROR.syntax);
      return false;
    }
  }
  return true;
}

function filterRead(call: RespCall, args: Arguments, at: number, filter: KillFilter): boolean {
  const value = argumentText(args, at + 1);
  if (argumentIs(args, at, 'id')) {
    const error = 'ERR client-id should be greater than 0';
    filter.id = integerArgument(call, at + 1, error);
    if (filter.id < 1) answerError(call, error);
  } else if (argumentIs(args, at, 'maxage')) {
    filter.ageSecMin = integerArgument(
      call,
      at + 1,
      'ERR maxage is not an integer or out of range',
    );
    if (filter.ageSecMin <= 0) answerError(call, 'ERR maxage should be greater than 0');
  } else if (argumentIs(args, at, 'type')) {
    filter.type = clientTypeOf(value);
    if (filter.type === null) answerError(call, `ERR Unknown client type '${value}'`);
  } else if (argumentIs(args, at, 'addr')) {
    filter.address = value;
  } else if (argumentIs(args, at, 'laddr')) {
    filter.local = value;
  } else if (argumentIs(args, at, 'user')) {
    filter.user = value;
    if (call.users.find(value) === null) answerError(call, `ERR No such user '${value}'`);
  } else if (argumentIs(args, at, 'skipme')) {
    filter.skipsMe = argumentIs(args, at + 1, 'yes');
    return filter.skipsMe || argumentIs(args, at + 1, 'no');
  } else {
    return false;
  }
  return !call.failed;
}

/** Closes clients, whom nobody sees any more (clientTake), on whatever threads. */
export function clientsClose(call: RespCall, ids: readonly number[]): void {
  if (ids.length === 0) return;
  for (const id of ids) clientClose(call, id);
  call.bulletin.post({ kind: 'kill', ids });
}

/** Closes a client of this thread, if it is one: that which is running once it has been answered. */
export function clientClose(call: RespCall, id: number): void {
  const session = call.sessions.get(id);
  if (session === undefined) return;
  if (session === call.running) session.phase = PHASE.CLOSED;
  else session.host.destroy();
}

/** Has this thread hear of clients that others close. */
export function clientKillListen(call: RespCall): void {
  call.bulletin.on('kill', (notice) => {
    for (const id of notice['ids'] as readonly number[]) clientClose(call, id);
  });
}
