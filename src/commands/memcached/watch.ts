/**
 * watch: tells a connection what the server does, a line for each event. The connection does nothing else
 * from then on; what it sends is discarded.
 * Spec: memcached/memcached doc/protocol.txt, "Watchers".
 */
import { EVENT } from '../../memory/event-log.ts';
import { lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes } from '../../protocol/reply.ts';
import { answer, type Call } from './call.ts';
import type { TextRow } from './row.ts';

/** Streams and the kinds of events in them. What tells of a proxy or of raw commands has none here. */
const STREAMS: ReadonlyMap<string, number> = new Map([
  ['fetchers', EVENT.LOOKUP],
  ['mutations', EVENT.STORE],
  ['evictions', EVENT.EVICT],
  ['deletions', EVENT.DELETE],
  ['connevents', EVENT.CONNECT | EVENT.DISCONNECT],
  ['sysevents', EVENT.PAGE_MOVE],
  ['rawcmds', 0],
  ['proxyreqs', 0],
  ['proxyevents', 0],
  ['proxyuser', 0],
]);

// biome-ignore format: a table reads in columns
export const WATCH_ROWS: readonly TextRow[] = [
  { name: 'watch', wordsMin: 1, run: watch, streams: false, doc: 'Tells what the server does, until the connection is closed: watch [fetchers] [mutations] [evictions] [deletions] [connevents] [sysevents]. A watcher that does not keep up loses lines, and is told how many.' },
];

function watch(call: Call): number {
  const { line } = call;
  line.noreply = false; // a word like any other, here
  const kinds = kindsParse(call);
  if (!call.server.config.watchEnabled) answer(call, REPLY.watchRefused);
  else if (call.reply.used > 0) answer(call, REPLY.watchPipelined);
  else if (kinds < 0 || !call.session.holder.isStream) answer(call, REPLY.error);
  else if (!call.watchers.add(call.session, kinds)) answer(call, REPLY.watchTooMany);
  else replyBytes(call.reply, REPLY.ok);
  return line.next;
}

/** -1: one of the words is no stream. */
function kindsParse({ line, input }: Call): number {
  if (line.count === 1) return EVENT.LOOKUP;
  let kinds = 0;
  for (let index = 1; index < line.count; index++) {
    const stream = STREAMS.get(lineWord(line, input, index));
    if (stream === undefined) return -1;
    kinds |= stream;
  }
  return kinds;
}
