/** What has to be undone when a client leaves. */
import { CLIENT } from '../../memory/client-records.ts';
import type { RespCall } from './call.ts';
import { monitorEnd } from './server/monitor.ts';
import type { RespSession } from './session.ts';
import { subscriptionsEnd } from './subscriptions/pubsub.ts';
import { trackingEnd } from './tracking/tracking.ts';
import { transactionForget } from './transaction-state.ts';
import { waitEnd } from './waits.ts';

/** The client is gone, or about to be: nobody may serve it any more. May be called again. */
export function sessionEnd(call: RespCall, session: RespSession): void {
  if (!call.sessions.has(session.id)) return;
  if (session.wait?.timer) clearTimeout(session.wait.timer);
  waitEnd(call, session, null);
  call.sessions.delete(session.id);
  transactionForget(session);
  subscriptionsEnd(call, session);
  trackingEnd(call, session);
  if (session.isMonitor) monitorEnd(call, session);
  Atomics.store(call.keyspace.control.i32, session.host.record + CLIENT.id, 0);
}
