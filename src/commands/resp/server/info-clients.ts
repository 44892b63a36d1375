/** INFO clients. */
import { CLIENT, CLIENT_FLAG } from '../../../memory/client-records.ts';
import { connectionLimit } from '../../../memory/connections.ts';
import type { RespCall } from '../call.ts';
import { clientsWalk } from './client-list.ts';
import type { InfoRow } from './info-row.ts';

export function clientsSection(call: RespCall): readonly InfoRow[] {
  const { control } = call.keyspace;
  const { i32 } = control;
  let count = 0;
  let paused = 0;
  let pubsub = 0;
  let watching = 0;
  let watched = 0;
  let tracking = 0;
  let inputMax = 0;
  let outputMax = 0;
  clientsWalk(call, (record) => {
    const flags = i32[record + CLIENT.flags];
    count++;
    if (flags & CLIENT_FLAG.PAUSED) paused++;
    if (flags & CLIENT_FLAG.PUBSUB) pubsub++;
    if (flags & CLIENT_FLAG.TRACKING) tracking++;
    if (i32[record + CLIENT.watched] > 0) watching++;
    watched += i32[record + CLIENT.watched];
    inputMax = Math.max(inputMax, i32[record + CLIENT.queryBytes]);
    outputMax = Math.max(outputMax, i32[record + CLIENT.outputBytes]);
  });
  const { waits } = call;
  return [
    ['connected_clients', count],
    ['cluster_connections', 0],
    ['maxclients', connectionLimit(control)],
    ['client_recent_max_input_buffer', inputMax],
    ['client_recent_max_output_buffer', outputMax],
    ['blocked_clients', waits.clientCount + paused],
    ['tracking_clients', tracking],
    ['pubsub_clients', pubsub],
    ['watching_clients', watching],
    ['clients_in_timeout_table', waits.timedCount],
    ['total_watched_keys', watched],
    ['total_blocking_keys', waits.keyCount],
    ['total_blocking_keys_on_nokey', waits.neededKeyCount],
  ];
}
