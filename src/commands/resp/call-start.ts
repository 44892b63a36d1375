/** The start of a thread's part in RESP: its call, its settings, and what it hears of the other threads. */
import { RespConfig, type RespConfigImage } from '../../config/resp-config.ts';
import type { Keyspace } from '../../engine/keyspace.ts';
import { Reply } from '../../protocol/reply.ts';
import type { ServerContext } from '../server-context.ts';
import { usersListen } from './acl/acl-change.ts';
import { aclLogListen } from './acl/acl-guard.ts';
import { usersBegin } from './acl/acl-start.ts';
import { Bulletin } from './bulletin.ts';
import { RespCall } from './call.ts';
import { notableListen } from './notable.ts';
import { overdueListen } from './overdue.ts';
import { functionsListen } from './script/function-notices.ts';
import { scriptsListen } from './script/script-notices.ts';
import { clientKillListen } from './server/client-kill.ts';
import { pauseListen } from './server/client-pause.ts';
import { configListen } from './server/config-set.ts';
import { monitorListen } from './server/monitor.ts';
import { pubsubListen } from './subscriptions/pubsub.ts';
import { COMMAND_TABLE } from './table.ts';
import { trackingListen } from './tracking/tracking.ts';
import { waitsListen } from './waits.ts';

/** What a thread is told when it starts. */
export type RespCallStart = {
  /** What the threads' bulletin is called. */
  readonly bulletinName: string;
  readonly respConfig: RespConfigImage;
};

/** Makes the thread's call, with all that hears of other threads registered at its bulletin. */
export function respCallStart(
  keyspace: Keyspace,
  server: ServerContext,
  start: RespCallStart,
): RespCall {
  const nothing = (): void => undefined;
  const nobody = {
    record: -1,
    local: '',
    isUnix: false,
    isLocal: true,
    bytesRead: 0,
    bytesWritten: 0,
    queryBytes: 0,
    queryFreeBytes: 0,
    argumentBytes: 0,
    outputBytes: 0,
    outputPieces: 0,
    push: nothing,
    wake: nothing,
    close: nothing,
    destroy: nothing,
  };
  const isAlone = server.config.threadCount === 1;
  const { control } = keyspace;
  const bulletin = new Bulletin(control, start.bulletinName, server.threadIndex, isAlone);
  const config = RespConfig.fromImage(start.respConfig);
  for (const { from, to } of config.renames) COMMAND_TABLE.rename(from, to);
  const call = new RespCall(keyspace, server, COMMAND_TABLE, bulletin, config, new Reply(), nobody);
  waitsListen(call);
  pubsubListen(call);
  configListen(call);
  usersBegin(call.users, COMMAND_TABLE, config);
  usersListen(call);
  aclLogListen(call);
  notableListen(call);
  monitorListen(call);
  pauseListen(call);
  clientKillListen(call);
  overdueListen(call);
  scriptsListen(call);
  functionsListen(call);
  trackingListen(call);
  return call;
}
