/** The start of a thread's part in RESP: its call, its settings, and what it hears of the other threads. */
import { RespConfig, type RespConfigImage } from '../../config/resp-config.ts';
import type { Keyspace } from '../../engine/keyspace.ts';
import { Reply } from '../../protocol/reply.ts';
import type { ServerContext } from '../server-context.ts';
import { usersListen } from './acl-change.ts';
import { aclLogListen } from './acl-guard.ts';
import { usersBegin } from './acl-start.ts';
import { Bulletin } from './bulletin.ts';
import { RespCall } from './call.ts';
import { clientKillListen } from './client-kill.ts';
import { pauseListen } from './client-pause.ts';
import { configListen } from './config-set.ts';
import { functionsListen } from './function-notices.ts';
import { monitorListen } from './monitor.ts';
import { notableListen } from './notable.ts';
import { overdueListen } from './overdue.ts';
import { pubsubListen } from './pubsub.ts';
import { scriptsListen } from './script-notices.ts';
import { COMMAND_TABLE } from './table.ts';
import { trackingListen } from './tracking.ts';
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
