/** Commands on the server as a whole that are short. */
import { CONTROL_F64 } from '../../../memory/control.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respInteger, respText, respVerbatim } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { overdueText } from '../overdue.ts';
import { FLAG, type RespRow } from '../row.ts';
import { GATE, PHASE } from '../session.ts';
import { REDIS_VERSION } from '../version.ts';

const { ADMIN, NO_SCRIPT, LOADING, STALE, FAST, READONLY, ALLOW_BUSY, NO_MULTI, NO_ASYNC_LOADING } =
  FLAG;
const SAVING = ADMIN | NO_SCRIPT | NO_ASYNC_LOADING;
const NO_DISK = 'ERR nothing can be saved: this server keeps its keys in memory alone';

// biome-ignore format: a table reads in columns
export const SERVER_ROWS: readonly RespRow[] = [
  { name: 'time',         arity:  1, flags: LOADING | STALE | FAST, group: 'server', since: '2.6.0', complexity: 'O(1)', syntax: '', doc: 'Tells the time: seconds, and microseconds within.', run: time },
  { name: 'lolwut',       arity: -1, flags: READONLY | FAST, group: 'server', since: '5.0.0', complexity: 'O(1)', syntax: '[VERSION version]', doc: 'Shows a picture, and the version.', run: lolwut },
  { name: 'role',         arity:  1, flags: NO_SCRIPT | LOADING | STALE | FAST, group: 'server', categories: ['admin', 'dangerous'], since: '2.8.12', complexity: 'O(1)', syntax: '', doc: 'Tells the role in replication: there are no replicas.', run: role },
  { name: 'lastsave',     arity:  1, flags: LOADING | STALE | FAST, group: 'server', categories: ['admin', 'dangerous'], since: '1.0.0', complexity: 'O(1)', syntax: '', doc: 'Tells when keys were saved last: never, so when the server was started.', run: lastSave },
  { name: 'save',         arity:  1, flags: SAVING | NO_MULTI, group: 'server', since: '1.0.0', complexity: 'O(1)', syntax: '', doc: 'Refuses: nothing is written to disk.', run: save },
  { name: 'bgsave',       arity: -1, flags: SAVING, group: 'server', since: '1.0.0', complexity: 'O(1)', syntax: '[SCHEDULE]', doc: 'Refuses: nothing is written to disk.', run: save },
  { name: 'bgrewriteaof', arity:  1, flags: SAVING, group: 'server', since: '1.0.0', complexity: 'O(1)', syntax: '', doc: 'Refuses: nothing is written to disk.', run: save },
  { name: 'shutdown',     arity: -1, flags: ADMIN | NO_SCRIPT | NO_MULTI | LOADING | STALE | ALLOW_BUSY, group: 'server', since: '1.0.0', complexity: 'O(1)', syntax: '[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]', doc: 'Ends the server.', run: shutdown },
];

function time({ reply }: RespCall): void {
  const us = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  respArray(reply, 2);
  respText(reply, `${Math.floor(us / 1e6)}`);
  respText(reply, `${us % 1e6}`);
}

function role({ reply }: RespCall): void {
  respArray(reply, 3);
  respText(reply, 'master');
  respInteger(reply, 0);
  respArray(reply, 0);
}

function lastSave({ reply, keyspace }: RespCall): void {
  respInteger(reply, Math.floor(keyspace.control.f64[CONTROL_F64.startedAtMs] / 1000));
}

function save(call: RespCall): void {
  const { args } = call;
  const isSound = args.count === 1 || (args.count === 2 && argumentIs(args, 1, 'schedule'));
  answerError(call, isSound ? NO_DISK : RESP_ERROR.syntax);
}

function shutdown(call: RespCall): void {
  const { args, session, server } = call;
  const given = { save: false, nosave: false, now: false, force: false, abort: false };
  for (let at = 1; at < args.count; at++) {
    const names = Object.keys(given) as (keyof typeof given)[];
    const name = names.find((one) => argumentIs(args, at, one));
    if (name === undefined) {
      answerError(call, RESP_ERROR.syntax);
      return;
    }
    given[name] = true;
  }
  if ((given.abort && args.count > 2) || (given.save && given.nosave)) {
    answerError(call, RESP_ERROR.syntax);
  } else if (given.abort) {
    answerError(call, 'ERR No shutdown in progress.');
  } else if (!given.nosave && call.gate & GATE.BUSY) {
    answerError(call, overdueText(call));
  } else if (given.save && !given.force) {
    answerError(call, 'ERR Errors trying to SHUTDOWN. Check logs.');
  } else {
    // A script that is overdue might be waited for in vain; the connection goes when the process does.
    const isBusy = (call.gate & GATE.BUSY) !== 0;
    if (!isBusy) session.phase = PHASE.CLOSED;
    server.shutdown(!given.now && !isBusy);
  }
}

const STONES = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'] as const;
const ROW_COUNT = 4;
const STONE_COUNT = 20;

/** Flagstones, laid anew each time; in every version. */
function lolwut(call: RespCall): void {
  const { args } = call;
  const hasVersion = args.count > 2 && argumentIs(args, 1, 'version');
  if (hasVersion && Number.isNaN(integerArgument(call, 2))) return;
  const rows = Array.from({ length: ROW_COUNT }, () =>
    Array.from({ length: STONE_COUNT }, () => STONES[Math.floor(Math.random() * STONES.length)]),
  );
  const picture = rows.map((row) => row.join(' ')).join('\n');
  const text = `${picture}\n\nFlagstone ${call.server.version}. Redis ver. ${REDIS_VERSION}\n`;
  respVerbatim(call.reply, 'txt', Buffer.from(text).toString('latin1'));
}
