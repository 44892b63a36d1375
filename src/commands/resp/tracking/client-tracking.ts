/** CLIENT TRACKING and its companions: which keys a client wants to be told of (tracking.ts). */
import { CLIENT } from '../../../memory/client-records.ts';
import { connectionsWalk } from '../../../memory/connections.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respInteger,
  respMap,
  respOk,
  respSet,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import type { SubcommandRow } from '../container.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG } from '../row.ts';
import { GATE } from '../session.ts';
import { trackingBegin, trackingEnd } from './tracking.ts';
import { Tracking } from './tracking-state.ts';

const { NO_SCRIPT, LOADING, STALE, WHOLE } = FLAG;
const CLIENT_FLAGS = NO_SCRIPT | LOADING | STALE;
const O1 = 'O(1)';

const ERROR = {
  manyRedirects: 'ERR A client can only redirect to a single other client',
  noRedirect: 'ERR The client ID you want redirect to does not exist',
  prefixAlone: 'ERR PREFIX option requires BCAST mode to be enabled',
  otherBroadcast:
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
  optBroadcast: 'ERR OPTIN and OPTOUT are not compatible with BCAST',
  optBoth: "ERR You can't specify both OPTIN mode and OPTOUT mode",
  otherOpt:
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
  cachingOff:
    'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
  cachingYes: 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.',
  cachingNo: 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.',
} as const;

// biome-ignore format: a table reads in columns
export const CLIENT_TRACKING_ROWS: readonly SubcommandRow[] = [
  { name: 'caching',      arity:  3, flags: CLIENT_FLAGS, since: '6.0.0', complexity: O1, syntax: '(YES | NO)', doc: 'Choose whether the keys of the next command are tracked.', run: caching },
  { name: 'getredir',     arity:  2, flags: CLIENT_FLAGS, since: '6.0.0', complexity: O1, syntax: '', doc: 'Return the client that is told of the keys which this one tracks.', run: getRedir },
  { name: 'tracking',     arity: -3, flags: CLIENT_FLAGS | WHOLE, since: '6.0.0', complexity: 'O(1); some options take O(N)', syntax: '(ON | OFF) [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]', doc: 'Choose whether the connection is told when keys change that it has read.', run: tracking },
  { name: 'trackinginfo', arity:  2, flags: CLIENT_FLAGS, since: '6.2.0', complexity: O1, syntax: '', doc: 'Return what of keys the connection is told.', run: trackingInfo },
];

/** CLIENT TRACKING (ON | OFF) … */
function tracking(call: RespCall): void {
  const { args, session } = call;
  const asked = new Tracking();
  const prefixes: string[] = [];
  if (!optionsRead(call, asked, prefixes)) return;
  if (argumentIs(args, 2, 'off')) {
    trackingEnd(call, session);
    respOk(call.reply);
    return;
  }
  const problem = argumentIs(args, 2, 'on')
    ? problemOf(session.tracking, asked, prefixes)
    : RESP_ERROR.syntax;
  if (problem !== null) {
    answerError(call, problem);
    return;
  }
  const before = session.tracking?.prefixes ?? [];
  for (const prefix of [...before, ...prefixes]) asked.prefixes.add(prefix);
  if (asked.isBroadcast && asked.prefixes.size === 0) asked.prefixes.add('');
  session.tracking = asked;
  trackingBegin(call, session);
  respOk(call.reply);
}

/** False: an error has been answered. */
function optionsRead(call: RespCall, asked: Tracking, prefixes: string[]): boolean {
  const { args } = call;
  for (let at = 3; at < args.count; at++) {
    const hasValue = at + 1 < args.count;
    if (hasValue && argumentIs(args, at, 'redirect')) {
      if (!redirectRead(call, ++at, asked)) return false;
    } else if (hasValue && argumentIs(args, at, 'prefix')) {
      prefixes.push(argumentText(args, ++at));
    } else if (argumentIs(args, at, 'bcast')) {
      asked.isBroadcast = true;
    } else if (argumentIs(args, at, 'optin')) {
      asked.optsIn = true;
    } else if (argumentIs(args, at, 'optout')) {
      asked.optsOut = true;
    } else if (argumentIs(args, at, 'noloop')) {
      asked.skipsOwn = true;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
  }
  return true;
}

function redirectRead(call: RespCall, index: number, asked: Tracking): boolean {
  if (asked.redirect !== 0) {
    answerError(call, ERROR.manyRedirects);
    return false;
  }
  const id = integerArgument(call, index);
  if (Number.isNaN(id)) return false;
  const { control } = call.keyspace;
  connectionsWalk(control, (record) => {
    if (id !== 0 && Atomics.load(control.i32, record + CLIENT.id) === id) {
      asked.redirect = id;
      asked.redirectRecord = record;
    }
  });
  if (asked.redirect === 0) answerError(call, ERROR.noRedirect);
  return asked.redirect !== 0;
}

/** What is wrong with what the client asks for, given what it had, or null. */
function problemOf(
  had: Tracking | null,
  asked: Tracking,
  prefixes: readonly string[],
): string | null {
  if (!asked.isBroadcast && prefixes.length > 0) return ERROR.prefixAlone;
  if (had !== null && had.isBroadcast !== asked.isBroadcast) return ERROR.otherBroadcast;
  if (asked.isBroadcast && (asked.optsIn || asked.optsOut)) return ERROR.optBroadcast;
  if (asked.optsIn && asked.optsOut) return ERROR.optBoth;
  if (had !== null && ((asked.optsIn && had.optsOut) || (asked.optsOut && had.optsIn))) {
    return ERROR.otherOpt;
  }
  return asked.isBroadcast ? prefixProblem(had, prefixes) : null;
}

/** No key may begin with two prefixes of one client. */
function prefixProblem(had: Tracking | null, prefixes: readonly string[]): string | null {
  const before = [...(had?.prefixes ?? [])].sort();
  for (const [at, prefix] of prefixes.entries()) {
    const old = before.find((other) => overlap(prefix, other));
    if (old !== undefined) return overlapText(prefix, 'an existing', old);
    const other = prefixes.slice(at + 1).find((later) => overlap(prefix, later));
    if (other !== undefined) return overlapText(prefix, 'another provided', other);
  }
  return null;
}

function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function overlapText(prefix: string, which: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with ${which} prefix '${other}'. Prefixes for a single client must not overlap.`;
}

/** CLIENT CACHING (YES | NO) */
function caching(call: RespCall): void {
  const { args, session } = call;
  const asked = session.tracking;
  let problem: string | null = RESP_ERROR.syntax;
  if (asked === null) problem = ERROR.cachingOff;
  else if (argumentIs(args, 2, 'yes')) problem = asked.optsIn ? null : ERROR.cachingYes;
  else if (argumentIs(args, 2, 'no')) problem = asked.optsOut ? null : ERROR.cachingNo;
  if (problem !== null) {
    answerError(call, problem);
    return;
  }
  session.gate |= GATE.CACHING;
  respOk(call.reply);
}

function getRedir({ session, reply }: RespCall): void {
  respInteger(reply, session.tracking?.redirect ?? -1);
}

/** CLIENT TRACKINGINFO */
function trackingInfo({ session, reply }: RespCall): void {
  const asked = session.tracking;
  const isNamed = (session.gate & GATE.CACHING) !== 0;
  const flags = asked === null ? ['off'] : flagsOf(asked, isNamed);
  const prefixes = [...(asked?.prefixes ?? [])].sort();
  respMap(reply, 3);
  respText(reply, 'flags');
  respSet(reply, flags.length);
  for (const flag of flags) respText(reply, flag);
  respText(reply, 'redirect');
  respInteger(reply, asked?.redirect ?? -1);
  respText(reply, 'prefixes');
  respArray(reply, prefixes.length);
  for (const prefix of prefixes) respText(reply, prefix);
}

function flagsOf(asked: Tracking, isNamed: boolean): readonly string[] {
  const { isBroadcast, optsIn, optsOut, skipsOwn, isBroken } = asked;
  const rows: readonly (readonly [isSet: boolean, flag: string])[] = [
    [true, 'on'],
    [isBroadcast, 'bcast'],
    [optsIn, 'optin'],
    [optsIn && isNamed, 'caching-yes'],
    [optsOut, 'optout'],
    [optsOut && isNamed, 'caching-no'],
    [skipsOwn, 'noloop'],
    [isBroken, 'broken_redirect'],
  ];
  return rows.filter(([isSet]) => isSet).map(([, flag]) => flag);
}
