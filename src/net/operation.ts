/**
 * What an operator asks of the server at the admin port, and a data thread does: with the functions that commands
 * of clients use, so that whoever watches, tracks or waits hears of it all the same.
 *
 * The main thread asks one thread after the other until one answers (operations.ts). That has to claim the
 * operation before it begins, so that none is done twice, however late a thread wakes up.
 *
 *   claim, one i32:   0 ──the thread begins──▶ BEGUN        0 ──the main thread waits no longer──▶ WITHDRAWN
 *
 * Guard: the claim is exchanged atomically; the rest runs on the data thread, outside of any batch.
 */

import { callClock } from '../commands/memcached/call.ts';
import { pageReassign, type Reassigned } from '../commands/memcached/slabs.ts';
import { type RespCall, respClock } from '../commands/resp/call.ts';
import { readyServe } from '../commands/resp/execute.ts';
import { notesTell } from '../commands/resp/key-events.ts';
import { databasesFlush } from '../commands/resp/keys/database.ts';
import type { SlowEntry } from '../commands/resp/server/slow-log.ts';
import { trackedTellNow } from '../commands/resp/tracking/tracking.ts';
import { clientIsShown, clientTake } from '../memory/client-records.ts';
import { CONNECTION, connectionRemote } from '../memory/connections.ts';
import type { ConnectionContext } from './connection.ts';

export type Operation =
  | { readonly kind: 'flush' }
  /** By what the connection table calls it, and by its address there: numbers are used again. */
  | { readonly kind: 'disconnect'; readonly connection: number; readonly address: string }
  /** Between slab classes; `from` -1: the one that has the most. */
  | { readonly kind: 'pages'; readonly from: number; readonly to: number }
  | { readonly kind: 'slowLog' };

/** What came of it, in words for the operator; or what was asked for. */
export type Operated =
  | { readonly kind: 'outcome'; readonly isDone: boolean; readonly text: string }
  | {
      readonly kind: 'slowLog';
      readonly thresholdUs: number;
      readonly entries: readonly SlowEntry[];
    };

export const CLAIM = { BEGUN: 1, WITHDRAWN: 2 } as const;

const SLOW_ENTRIES_MAX = 128;

const REASSIGNED: Readonly<Record<Reassigned, string>> = {
  done: 'a page was moved',
  off: 'the server was started without slab_reassign',
  same: 'a page does not move from a class to itself',
  badClass: 'there is no such slab class, or no other that has a page to spare',
  noSpare: 'the class has no page to spare: each keeps its last',
  busy: 'each page of the class is held by values on their way, or by items that may not go',
};

/** Null: somebody else does it, or nobody any more. */
export function operationRun(
  context: ConnectionContext,
  operation: Operation,
  claim: Int32Array,
): Operated | null {
  if (Atomics.compareExchange(claim, 0, 0, CLAIM.BEGUN) !== 0) return null;
  callClock(context.call);
  respClock(context.resp.call);
  switch (operation.kind) {
    case 'flush':
      return flush(context);
    case 'disconnect':
      return disconnect(context, operation.connection, operation.address);
    case 'pages': {
      const came = pageReassign(context.call, operation.from, operation.to);
      return outcome(came === 'done', REASSIGNED[came]);
    }
    case 'slowLog':
      return slowLog(context.resp.call);
  }
}

/** FLUSHALL, outside of any session. */
function flush({ call, resp }: ConnectionContext): Operated {
  if (!call.server.config.flushAllEnabled) {
    return outcome(false, 'the server was started with --disable-flush-all');
  }
  const { locks, keyspace, bulletin } = resp.call;
  bulletin.catchUp();
  locks.wantAll();
  if (!locks.take(true)) return outcome(false, 'a script runs too long: it has to end first');
  databasesFlush(resp.call);
  locks.release();
  notesTell(resp.call);
  readyServe(resp.call);
  if (keyspace.tracked.hasNews) trackedTellNow(resp.call);
  return outcome(true, 'all keys of all databases are gone');
}

function disconnect({ call, open }: ConnectionContext, number: number, address: string): Operated {
  const { control } = call.keyspace;
  for (const connection of open) {
    const { record } = connection;
    if (control.i32[record + CONNECTION.id] !== number) continue;
    if (connectionRemote(control, record) !== address) continue;
    // From now on no other thread sees the client.
    if (clientIsShown(control, record)) clientTake(control, record);
    connection.destroy();
    return outcome(true, `${address} is disconnected`);
  }
  return outcome(false, `${address} is not connected any more`);
}

function slowLog({ config, slowLog }: RespCall): Operated {
  const thresholdUs = config.settings.slowlogLogSlowerThan;
  return { kind: 'slowLog', thresholdUs, entries: slowLog.latest(SLOW_ENTRIES_MAX) };
}

function outcome(isDone: boolean, text: string): Operated {
  return { kind: 'outcome', isDone, text };
}
