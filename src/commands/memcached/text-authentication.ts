/**
 * Authentication over the text protocol (-Y): a first `set` of any key carries `user password` as its
 * value. Until one is right nothing else is done.
 * Spec: memcached/memcached doc/protocol.txt, "Authentication"; replies as 1.6.45 sends them.
 */
import { authDataUser, authFileCheck } from '../../auth/auth-file.ts';
import { type AttemptResult, guessSource } from '../../auth/guess-limit.ts';
import { decimalParse } from '../../base/decimal.ts';
import { COUNTER } from '../../memory/control.ts';
import { CR, LF, lineSplit, lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes } from '../../protocol/reply.ts';
import type { Call } from './call.ts';
import { PHASE, sessionAwait, sessionWake, waitAt } from './session.ts';

const LINE_BYTES_MAX = 2048;
const TOKEN_BYTES_MAX = 16384;
/** Words of a set: name, key, flags, exptime, bytes. */
const WORDS_MIN = 5;
const BYTES_WORD = 4;

/** What a client says that has not authenticated yet; returns as a handler does. */
export function textAuthenticate(call: Call, at: number): number {
  const { input, line, reply } = call;
  if (!lineSplit(line, input, at, call.end)) {
    if (call.end - at <= LINE_BYTES_MAX) return waitAt(at);
    call.session.phase = PHASE.CLOSED;
    return at;
  }
  const isSet = lineWord(line, input, 0) === 'set' && line.count >= WORDS_MIN;
  const bytes = isSet
    ? decimalParse(input, line.start[BYTES_WORD], line.end[BYTES_WORD])
    : Number.NaN;
  if (Number.isNaN(bytes)) {
    replyBytes(reply, REPLY.unauthenticated);
    return line.next;
  }
  if (bytes > TOKEN_BYTES_MAX) {
    replyBytes(reply, REPLY.authTokenTooLong);
    return line.next;
  }
  const tokenEnd = line.next + bytes;
  if (tokenEnd + 2 > call.end) return waitAt(at);
  if (input[tokenEnd] !== CR || input[tokenEnd + 1] !== LF) {
    replyBytes(reply, REPLY.authBadEnd);
  } else {
    tokenCheck(call, new Uint8Array(input.subarray(line.next, tokenEnd)));
  }
  return tokenEnd + 2;
}

/** Has `user password` checked, when it is its turn. */
function tokenCheck(call: Call, token: Uint8Array): void {
  const { session, auth } = call;
  const user = authDataUser(token);
  if (user === null) {
    replyBytes(call.reply, REPLY.authBadToken);
    return;
  }
  // Whoever had to wait is checked against the file as it is by then.
  const isRight = (): boolean => auth.authTable !== null && authFileCheck(auth.authTable, token);
  const check = {
    quick: isRight,
    slow: () => Promise.resolve(isRight()),
    isWanted: () => session.phase === PHASE.AWAIT,
  };
  sessionAwait(session);
  void auth.limit
    .attempt(guessSource(session.holder.remoteAddress), user, check)
    .then((result) => sessionWake(session, (call, at) => tokenAnswer(call, at, result)));
}

function tokenAnswer(call: Call, at: number, result: AttemptResult): number {
  const { session, counters, block } = call;
  session.phase = PHASE.COMMAND;
  session.isAuthenticated = result === 'right';
  counters[block + COUNTER.authCommands]++;
  if (result !== 'right') counters[block + COUNTER.authErrors]++;
  replyBytes(call.reply, result === 'right' ? REPLY.stored : REPLY.authFailure);
  return at;
}
