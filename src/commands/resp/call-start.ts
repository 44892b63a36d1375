/** A thread's call as it starts: with its settings, and hearing what other threads tell. */
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

type CallStart = {
  /** What the threads' bulletin is called. */
  readonly bulletinName: string;
  /** There is no other data thread. */
  readonly isAlone: boolean;
  readonly respConfig: RespConfigImage;
};

export function respCallStart(
  keyspace: Keyspace,
  server: ServerContext,
  { bulletinName, isAlone, respConfig }: CallStart,
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
  const bulletin = new Bulletin(keyspace.control, bulletinName, server.threadIndex, isAlone);
  const config = RespConfig.fromImage(respConfig);
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
