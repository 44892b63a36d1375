/**
 * AUTH and HELLO: who the client is, and which RESP it speaks.
 */
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respInteger, respMap, respOk, respText } from '../../../protocol/resp/reply.ts';
import { loginRefusalNote, sessionFollow } from '../acl/acl-guard.ts';
import { USER_DEFAULT, userAccepts } from '../acl/acl-user.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';
import { GATE } from '../session.ts';
import { REDIS_VERSION } from '../version.ts';
import { clientNameSet } from './client-name.ts';
import { clientNoteNames } from './client-note.ts';

const { NO_SCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY } = FLAG;
const LOGIN = NO_SCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY;

const NOT_EXPECTED =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?';
const WRONG = 'WRONGPASS invalid username-password pair or user is disabled.';
const HELLO_NO_AUTH =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> ' +
  'AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol ' +
  'version at the same time';

// biome-ignore format: a table reads in columns
export const LOGIN_ROWS: readonly RespRow[] = [
  { name: 'auth',  arity: -2, flags: LOGIN, group: 'connection', since: '1.0.0', complexity: 'O(1)', syntax: '[username] password', doc: 'Logs in.', run: auth },
  { name: 'hello', arity: -1, flags: LOGIN, group: 'connection', since: '6.0.0', complexity: 'O(1)', syntax: '[protover [AUTH username password] [SETNAME clientname]]', doc: 'Greets the server, and chooses between RESP2 and RESP3.', run: hello },
];

function auth(call: RespCall): void {
  const { args, reply } = call;
  if (args.count > 3) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const hasUser = args.count === 3;
  if (!hasUser && call.users.default.needsNoPassword) {
    answerError(call, NOT_EXPECTED);
    return;
  }
  const user = hasUser ? argumentText(args, 1) : USER_DEFAULT;
  if (logIn(call, user, argumentText(args, hasUser ? 2 : 1))) respOk(reply);
}

/** False: it has been answered that it was wrong. */
function logIn(call: RespCall, name: string, password: string): boolean {
  const { session, users } = call;
  const user = users.find(name);
  if (!userAccepts(user, password) || user === null) {
    loginRefusalNote(call, name);
    answerError(call, WRONG);
    return false;
  }
  session.user = user;
  session.isAuthenticated = true;
  sessionFollow(call, session);
  clientNoteNames(call.keyspace.control, session);
  call.parser.isAuthenticated = true;
  return true;
}

type HelloOptions = { user: string | null; password: string; name: string | null };

function hello(call: RespCall): void {
  const { args, session, reply } = call;
  let resp: number = session.resp;
  if (args.count > 1) {
    resp = integerArgument(call, 1, 'ERR Protocol version is not an integer or out of range');
    if (Number.isNaN(resp)) return;
    if (resp !== 2 && resp !== 3) {
      answerError(call, 'NOPROTO unsupported protocol version');
      return;
    }
  }
  const options = helloOptions(call);
  if (options === null) return;
  if (options.user !== null && !logIn(call, options.user, options.password)) return;
  if (session.gate & GATE.UNAUTHENTICATED) {
    answerError(call, HELLO_NO_AUTH);
    return;
  }
  if (options.name !== null && !clientNameSet(call, options.name)) return;
  session.resp = resp === 3 ? 3 : 2;
  reply.resp = session.resp;
  helloReply(call);
}

/** Null: they have been answered with an error. */
function helloOptions(call: RespCall): HelloOptions | null {
  const { args } = call;
  const options: HelloOptions = { user: null, password: '', name: null };
  for (let at = 2; at < args.count; at++) {
    const left = args.count - 1 - at;
    if (argumentIs(args, at, 'auth') && left >= 2) {
      options.user = argumentText(args, at + 1);
      options.password = argumentText(args, at + 2);
      at += 2;
    } else if (argumentIs(args, at, 'setname') && left >= 1) {
      options.name = argumentText(args, at + 1);
      at++;
    } else {
      answerError(call, `ERR Syntax error in HELLO option '${argumentText(args, at)}'`);
      return null;
    }
  }
  return options;
}

function helloReply({ reply, session }: RespCall): void {
  respMap(reply, 7);
  respText(reply, 'server');
  respText(reply, 'redis');
  respText(reply, 'version');
  respText(reply, REDIS_VERSION);
  respText(reply, 'proto');
  respInteger(reply, session.resp);
  respText(reply, 'id');
  respInteger(reply, session.id);
  respText(reply, 'mode');
  respText(reply, 'standalone');
  respText(reply, 'role');
  respText(reply, 'master');
  respText(reply, 'modules');
  respArray(reply, 0);
}
