/**
 * stats: the sections that memcached's users and exporters read, under memcached's names. What has no
 * counterpart here has the value that is true here: there is no separate log thread, for one.
 * Spec: memcached/memcached doc/protocol.txt, "Statistics".
 */
import { decimalParse } from '../../base/decimal.ts';
import { keyspaceCountsReset } from '../../engine/keyspace.ts';
import {
  CONNECTION,
  connectionListener,
  connectionRemote,
  connectionsWalk,
} from '../../memory/connections.ts';
import {
  COMMANDS_FIRST,
  CONTROL,
  CONTROL_F64,
  counterSum,
  countersReset,
} from '../../memory/control.ts';
import { prefixesClear } from '../../memory/prefix-table.ts';
import { CLASS_COUNT_MAX } from '../../memory/slab-classes.ts';
import { lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyText } from '../../protocol/reply.ts';
import { answer, type Call } from './call.ts';
import { PHASE } from './session.ts';
import { detailDumpRows, detailSwitch, statsDetail } from './stats-detail.ts';
import { cacheDump } from './stats-dump.ts';
import { statsGeneral, statsServer } from './stats-general.ts';
import { statsSettings } from './stats-settings.ts';
import { statsItems, statsSizes, statsSlabs } from './stats-slabs.ts';

/** Name and value, as they go out: `STAT name value`. */
export type StatRow = readonly [name: string, value: string | number];

const SECTIONS: Readonly<Record<string, (call: Call) => readonly StatRow[]>> = {
  '': statsGeneral,
  settings: statsSettings,
  items: statsItems,
  slabs: statsSlabs,
  sizes: statsSizes,
  conns: statsConnections,
  server: statsServer,
  commands: statsCommands,
};

/** stats [section] of the text protocol. */
export function stats(call: Call): number {
  const { line, input } = call;
  const name = lineWord(line, input, 1);
  line.noreply = false; // a word like any other, here
  if (Object.hasOwn(SECTIONS, name)) {
    const rows = SECTIONS[name](call);
    const text = rows.map(([stat, value]) => `STAT ${stat} ${value}\r\n`).join('');
    replyText(call.reply, `${text}END\r\n`);
  } else if (name === 'reset') {
    statsReset(call);
    answer(call, REPLY.reset);
  } else if (name === 'detail') {
    statsDetail(call);
  } else if (name === 'cachedump') {
    statsCacheDump(call);
  } else {
    answer(call, REPLY.error);
  }
  return line.next;
}

/** The rows of a section as the binary protocol names them, none where it acts; null: no such one. */
export function statsSection(call: Call, name: string): readonly StatRow[] | null {
  if (Object.hasOwn(SECTIONS, name)) return SECTIONS[name](call);
  const [word, mode] = name.split(' ');
  if (name === 'reset') statsReset(call);
  else if (word === 'detail' && mode === 'dump') return detailDumpRows(call);
  else if (word !== 'detail' || !detailSwitch(call, mode)) return null;
  return [];
}

function statsReset(call: Call): void {
  const { control } = call.keyspace;
  countersReset(control);
  prefixesClear(control);
  keyspaceCountsReset(call.keyspace);
  Atomics.store(control.i32, CONTROL.connectionRejects, 0);
}

/** stats cachedump CLASS LIMIT */
function statsCacheDump(call: Call): void {
  const { line, input } = call;
  if (!call.server.config.dumpEnabled) {
    answer(call, REPLY.dumpRefused);
    return;
  }
  if (line.count < 4) {
    answer(call, REPLY.badLine);
    return;
  }
  const classId = decimalParse(input, line.start[2], line.end[2]);
  const limit = decimalParse(input, line.start[3], line.end[3]);
  if (Number.isNaN(classId) || Number.isNaN(limit)) answer(call, REPLY.badFormat);
  else if (classId >= CLASS_COUNT_MAX) answer(call, REPLY.badSlabClass);
  else replyText(call.reply, cacheDump(call, classId, limit));
}

const PHASE_NAMES: Readonly<Record<number, string>> = {
  [PHASE.COMMAND]: 'conn_read',
  [PHASE.RETRIEVE]: 'conn_read',
  [PHASE.SEND]: 'conn_mwrite',
  [PHASE.RECEIVE]: 'conn_nread',
  [PHASE.SWALLOW]: 'conn_swallow',
  [PHASE.SKIP_LINE]: 'conn_swallow',
  [PHASE.CLOSED]: 'conn_closing',
  [PHASE.AWAIT]: 'conn_io_queue',
  [PHASE.ANSWER]: 'conn_io_queue',
  [PHASE.GATHER]: 'conn_nread',
};

/** How often each command was run, of those that were. Commands of the binary protocol are in capitals. */
function statsCommands(call: Call): StatRow[] {
  const { control } = call.keyspace;
  return call.server.commandNames
    .map((name, number): StatRow => [name, counterSum(control, COMMANDS_FIRST + number)])
    .filter(([, count]) => count !== 0);
}

/** Listeners, numbered on from the most connections there can be, then the open connections. */
function statsConnections(call: Call): StatRow[] {
  const { control } = call.keyspace;
  const { i32 } = control;
  const rows: StatRow[] = [];
  const startedAtMs = control.f64[CONTROL_F64.startedAtMs];
  for (const [index, listener] of call.server.listeners.entries()) {
    const id = control.connectionCountMax + index;
    rows.push(
      [`${id}:addr`, listener],
      [`${id}:state`, 'conn_listening'],
      [`${id}:secs_since_last_cmd`, Math.floor((call.op.nowMs - startedAtMs) / 1000)],
    );
  }
  connectionsWalk(control, (record) => {
    const id = i32[record + CONNECTION.id];
    const isOurs = record === call.session.holder.record;
    const idleSec = isOurs ? 0 : call.op.nowSec - i32[record + CONNECTION.lastCommandSec];
    const state = isOurs ? 'conn_parse_cmd' : PHASE_NAMES[i32[record + CONNECTION.phase]];
    rows.push(
      [`${id}:addr`, connectionRemote(control, record)],
      [`${id}:listen_addr`, connectionListener(control, record)],
      [`${id}:state`, state],
      [`${id}:secs_since_last_cmd`, Math.max(0, idleSec)],
    );
  });
  return rows;
}
