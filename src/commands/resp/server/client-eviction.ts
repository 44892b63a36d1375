/**
 * maxmemory-clients: when the buffers of all clients, and what else there is of them, take more, those that
 * take most are closed. One that has CLIENT NO-EVICT on is spared, and does not count for less.
 *
 * Guard: none; the connection table is read as it is, and a client is whose thread's exchange took its id.
 */
import {
  CLIENT,
  CLIENT_FLAG,
  clientBytes,
  clientIsShown,
  clientTake,
} from '../../../memory/client-records.ts';
import { connectionsWalk } from '../../../memory/connections.ts';
import { RESP_COUNTER } from '../../../memory/resp-stats.ts';
import type { RespCall } from '../call.ts';
import type { RespSession } from '../session.ts';
import { clientsClose } from './client-kill.ts';

/** A client that has not grown by so much since the last look gives no reason for another. */
const GROWTH_BYTES_MIN = 1024;

/** Looks whether a client's growth is too much; its record is up to date. Cheap while there is no limit. */
export function clientWeigh(call: RespCall, session: RespSession): void {
  if (call.config.hot.maxmemoryClients === 0) return;
  const bytes = clientBytes(call.keyspace.control, session.host.record);
  if (bytes < session.weighedBytes) session.weighedBytes = bytes;
  if (bytes - session.weighedBytes < GROWTH_BYTES_MIN) return;
  session.weighedBytes = bytes;
  clientsEvict(call);
}

/** Closes clients until all together take no more than they may. */
export function clientsEvict(call: RespCall): void {
  const { keyspace, respStats, respBlock } = call;
  const { control } = keyspace;
  const limit = limitBytes(call);
  if (limit === 0) return;
  const prey: { readonly record: number; readonly bytes: number }[] = [];
  let total = 0;
  connectionsWalk(control, (record) => {
    if (!clientIsShown(control, record)) return;
    const bytes = clientBytes(control, record);
    total += bytes;
    if ((control.i32[record + CLIENT.flags] & CLIENT_FLAG.NO_EVICT) === 0) {
      prey.push({ record, bytes });
    }
  });
  if (total <= limit) return;
  prey.sort((a, b) => b.bytes - a.bytes);
  const ids: number[] = [];
  for (const { record, bytes } of prey) {
    if (total <= limit) break;
    const id = clientTake(control, record);
    if (id === 0) continue;
    ids.push(id);
    total -= bytes;
  }
  respStats.f64[respBlock + RESP_COUNTER.evictedClients] += ids.length;
  clientsClose(call, ids);
}

function limitBytes({ config }: RespCall): number {
  const { maxmemory, maxmemoryClients } = config.settings;
  return maxmemoryClients >= 0 ? maxmemoryClients : (maxmemory / 100) * -maxmemoryClients;
}
