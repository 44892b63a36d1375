/**
 * A second call of a thread, for requests that are run in the middle of another one: it shares with the thread's own
 * all but what belongs to the request in hand.
 */
import { Reply } from '../../protocol/reply.ts';
import { RespCall } from './call.ts';

/** What a request has to itself. */
const OWN = [
  'reply',
  'op',
  'locks',
  'parser',
  'args',
  'command',
  'running',
  'afterReply',
  'input',
  'briefs',
  'briefCount',
] as const satisfies readonly (keyof RespCall)[];

/** To be renewed before it is used. */
export function asideCallCreate(main: RespCall): RespCall {
  const { keyspace, server, table, bulletin, config, session } = main;
  const { host } = session;
  return new RespCall(keyspace, server, table, bulletin, config, new Reply(), host, true);
}

/** Takes over what the thread's call has become since. */
export function asideCallRenew(aside: RespCall, main: RespCall): void {
  const own = Object.fromEntries(OWN.map((field) => [field, aside[field]]));
  Object.assign(aside, main, own, {
    isAside: true,
    inTransaction: true, // nothing waits, and nobody who waits is served
    serving: null,
    running: null,
  });
}
