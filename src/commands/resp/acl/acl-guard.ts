/**
 * Where users meet sessions: whether a session's user may run a request, and what is noted and said if
 * not.
 */
import { RESP_COUNTER, RESP_WORD } from '../../../memory/resp-stats.ts';
import { type Arguments, argumentText } from '../../../protocol/resp/arguments.ts';
import type { RespCall } from '../call.ts';
import type { Command } from '../command.ts';
import { clientLine } from '../server/client-list.ts';
import { clientNoteSelf } from '../server/client-note.ts';
import { GATE, type RespSession } from '../session.ts';
import { aclVerdict, REFUSED, verdictIndex, verdictReason } from './acl-check.ts';
import type { AclContext, AclEntry, AclEvent } from './acl-log.ts';
import type { AclUser } from './acl-user.ts';

const DENIALS: Readonly<Record<number, number>> = {
  [REFUSED.COMMAND]: RESP_COUNTER.commandDenials,
  [REFUSED.KEY]: RESP_COUNTER.keyDenials,
  [REFUSED.AUTH]: RESP_COUNTER.authFailures,
  [REFUSED.CHANNEL]: RESP_COUNTER.channelDenials,
};

/** Why a queued command is not run. */
const EXEC_REASONS: Readonly<Record<number, string>> = {
  [REFUSED.COMMAND]: 'no permission to execute the command or subcommand',
  [REFUSED.KEY]: 'no permission to touch the specified keys',
  [REFUSED.CHANNEL]: 'no permission to access one of the channels used as arguments',
};

/**
 * Whether the session's user may run the request, which need not be the one in hand: call.command is that
 * which the client has sent, and the ACL log names it. 0: he may. Else a verdict (acl-check.ts), of which
 * refusalText and execRefusalText say what to answer; it has been counted and logged.
 */
export function aclCheck(
  call: RespCall,
  command: Command,
  args: Arguments,
  context: AclContext,
): number {
  return aclCheckFor(call, call.session.user, command, args, context);
}

/** … for a user who is not the session's. */
export function aclCheckFor(
  call: RespCall,
  user: AclUser,
  command: Command,
  args: Arguments,
  context: AclContext,
): number {
  const verdict = aclVerdict(user, command, args);
  if (verdict === 0) return 0;
  const reason = verdictReason(verdict);
  const isCommand = reason === REFUSED.COMMAND;
  const object = isCommand ? command.fullName : argumentText(args, verdictIndex(verdict));
  refusalNote(call, reason, context, object, user.name);
  return verdict;
}

/** What is refused, without the error's code. */
export function refusalText({ name }: AclUser, command: Command, verdict: number): string {
  switch (verdictReason(verdict)) {
    case REFUSED.COMMAND:
      return `User ${name} has no permissions to run the '${command.fullName}' command`;
    case REFUSED.KEY:
      return 'No permissions to access a key';
    default:
      return 'No permissions to access a channel';
  }
}

/** … naming the key or channel, for who asks on behalf of another. */
export function refusalTextOpen(
  user: AclUser,
  command: Command,
  args: Arguments,
  verdict: number,
): string {
  const reason = verdictReason(verdict);
  if (reason === REFUSED.COMMAND) return refusalText(user, command, verdict);
  const what = reason === REFUSED.KEY ? 'key' : 'channel';
  const object = argumentText(args, verdictIndex(verdict));
  return `User ${user.name} has no permissions to access the '${object}' ${what}`;
}

/** … of a transaction that could be queued. */
export function execRefusalText(verdict: number): string {
  return (
    'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. ' +
    `This command is no longer allowed for the following reason: ${EXEC_REASONS[verdictReason(verdict)]}`
  );
}

/** Where a request stands that the client has sent itself. */
export function contextOf({ session, inTransaction }: RespCall): AclContext {
  return inTransaction || session.gate & GATE.MULTI ? 'multi' : 'toplevel';
}

/** A login has failed. */
export function loginRefusalNote(call: RespCall, user: string): void {
  refusalNote(call, REFUSED.AUTH, contextOf(call), argumentText(call.args, 0), user);
}

function refusalNote(
  call: RespCall,
  reason: number,
  context: AclContext,
  object: string,
  user: string,
): void {
  const { respStats, respBlock, config, aclLog, op } = call;
  respStats.f64[respBlock + DENIALS[reason]]++;
  if (config.settings.acllogMaxLen === 0) {
    aclLogReset(call);
    return;
  }
  clientNoteSelf(call);
  const client = clientLine(call, call.session.host.record);
  const event: AclEvent = { reason, context, object, user, atMs: op.nowMs, client };
  const idDraw = (): number => Atomics.add(respStats.i32, RESP_WORD.aclIds, 1);
  aclLog.note(event, config.settings.acllogMaxLen, idDraw);
}

/** After a batch, before its replies leave: the other threads hear what was refused. */
export function aclLogPost({ aclLog, bulletin }: RespCall): void {
  if (aclLog.hasNews) bulletin.post({ kind: 'refused', entries: aclLog.newsTake() });
}

/** Forgets all that was refused, on all threads. */
export function aclLogReset({ aclLog, bulletin }: RespCall): void {
  if (aclLog.isEmpty) return;
  aclLog.clear();
  bulletin.post({ kind: 'refusedReset' });
}

/** Has this thread hear what others have refused. */
export function aclLogListen({ aclLog, bulletin, config }: RespCall): void {
  bulletin.on('refused', (notice) => {
    for (const entry of notice['entries'] as readonly AclEntry[]) {
      aclLog.add(entry, config.settings.acllogMaxLen);
    }
  });
  bulletin.on('refusedReset', () => aclLog.clear());
  bulletin.share('refused', aclLog);
}

/** Has dispatch look at the session's requests as far as its user, and default, make that necessary. */
export function sessionFollow({ users }: RespCall, session: RespSession): void {
  session.gate &= ~(GATE.RESTRICTED | GATE.UNAUTHENTICATED);
  if (session.user.isRestricted) session.gate |= GATE.RESTRICTED;
  if (!session.isAuthenticated && !users.isOpen) session.gate |= GATE.UNAUTHENTICATED;
}
