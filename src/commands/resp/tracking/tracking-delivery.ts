/**
 * Telling clients that keys have changed: those of this thread at once, those of others by bulletin when the batch is
 * done. Of keys with a prefix that is gathered, and told once for all.
 */
import { CLIENT, CLIENT_FLAG } from '../../../memory/client-records.ts';
import { respRaw } from '../../../protocol/resp/reply.ts';
import type { RespCall } from '../call.ts';
import { GATE, type RespSession, subscriptionCount } from '../session.ts';
import { sessionPush } from '../subscriptions/pubsub-message.ts';
import { Invalidation, redirectionBroken } from './invalidation.ts';

/** What was gathered is sent: keys with a prefix, and what is for clients of other threads. */
export function trackingSend(call: RespCall): void {
  const { tracking, bulletin } = call;
  if (tracking.hasChanged) broadcastsSend(call);
  if (tracking.outgoing.length === 0) return;
  bulletin.post({ kind: 'invalidations', list: tracking.outgoing.splice(0) });
}

/** Each prefix has its own message. Who skips its own changes gets one for itself. */
export function broadcastsSend(call: RespCall): void {
  const { tracking } = call;
  tracking.hasChanged = false;
  for (const { clients, changed } of tracking.prefixes.values()) {
    if (changed.size === 0) continue;
    const keys = [...changed].sort(([a], [b]) => (a < b ? -1 : 1));
    const message = new Invalidation(keys.map(([key]) => key));
    for (const session of clients) {
      if (session.tracking?.skipsOwn !== true) {
        deliver(call, session, message, 0);
        continue;
      }
      const others = keys.filter(([, client]) => client !== session.id).map(([key]) => key);
      if (others.length > 0) deliver(call, session, new Invalidation(others), 0);
    }
    changed.clear();
  }
}

/** To the client, or to whom it has named. `client`: who did it. */
export function deliver(
  call: RespCall,
  session: RespSession,
  message: Invalidation,
  client: number,
): void {
  const { tracking: asked, wait } = session;
  if (asked === null) return;
  const { redirect, redirectRecord } = asked;
  if (redirect === 0) {
    if (session.resp === 2) return;
    // The thread that served it has not brought the reply yet.
    if (wait !== null && client === session.id) wait.behindReply.push(message.asPush());
    else push(call, session, message.asPush());
    return;
  }
  const target = call.sessions.get(redirect);
  const { i32 } = call.keyspace.control;
  if (target !== undefined) {
    targetPush(call, target, message);
  } else if (Atomics.load(i32, redirectRecord + CLIENT.id) === redirect) {
    call.tracking.outgoing.push({ to: redirect, keys: message.keys });
  } else {
    asked.isBroken = true;
    i32[session.host.record + CLIENT.flags] |= CLIENT_FLAG.BROKEN_REDIRECT;
    if (session.resp === 3) push(call, session, redirectionBroken(redirect));
  }
}

/** To a client that another has named. */
export function targetPush(call: RespCall, target: RespSession, message: Invalidation): void {
  if (target.resp === 3) push(call, target, message.asPush());
  else if (subscriptionCount(target) > 0) push(call, target, message.asMessage());
}

/** CLIENT REPLY OFF does not concern it. */
function push(call: RespCall, session: RespSession, bytes: Buffer): void {
  const { reply, running, tracking } = call;
  const isSilent = (session.gate & (GATE.REPLY_OFF | GATE.REPLY_SKIP)) !== 0;
  if (!tracking.speaksFirst || session !== running || isSilent) {
    sessionPush(call, session, bytes);
  } else {
    respRaw(reply, bytes, 0, bytes.length);
    reply.mark = reply.used;
  }
}
