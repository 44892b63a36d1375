/** The tables that one can switch between: what stands in their columns. */
import type {
  ConsoleCommand,
  ConsoleConnection,
  ConsoleHotKey,
  ConsolePartition,
  ConsoleSlabClass,
  ConsoleSlowEntry,
  ConsoleState,
} from '../../admin/console-state.ts';
import { ageCell, bytesCell, clockCell, countCell, shareCell, usCell } from './figures.ts';
import { type Glyphs, heatOf, heatStrip, valuesMerge } from './glyphs.ts';
import type { Line, Span, Style } from './line.ts';
import type { TopModel, ViewName } from './model.ts';
import { type Column, type View, viewMake } from './table.ts';

const STRIP_LABEL = 10;
const CELL_WIDTH_MAX = 4;

const protocolStyle = ({ protocol }: { readonly protocol: 'memcached' | 'resp' }): Style =>
  protocol;
/** What is 0 stays in the background. */
const quiet =
  <Row>(value: (row: Row) => number): ((row: Row) => Style) =>
  (row) =>
    value(row) > 0 ? 'plain' : 'dim';
const worrying =
  <Row>(value: (row: Row) => number): ((row: Row) => Style) =>
  (row) =>
    value(row) > 0 ? 'warn' : 'dim';

function rate<Row>(title: string, rank: number, value: (row: Row) => number): Column<Row> {
  const text = (row: Row): string => countCell(value(row));
  return { title, width: 9, rank, text, order: value, style: quiet(value) };
}

function time<Row>(title: string, rank: number, value: (row: Row) => number | null): Column<Row> {
  return {
    title,
    width: 8,
    rank,
    text: (row, glyphs) => usCell(glyphs, value(row)),
    order: (row) => value(row) ?? -1,
    style: (row) => (value(row) === null ? 'dim' : 'plain'),
  };
}

// biome-ignore format: a table reads in columns
const COMMANDS = viewMake<ConsoleCommand>({
  name: 'commands', title: 'Commands', doc: 'commands: how often, and how fast', sort: 'CALLS/S',
  columns: [
    { title: 'PROTO',   width: 10, rank: 0, isLeft: true, text: ({ protocol }) => protocol, order: ({ protocol }) => protocol, style: protocolStyle },
    { title: 'COMMAND', width: 0,  rank: 0, text: ({ name }) => name, order: ({ name }) => name, style: () => 'bold' },
    rate('CALLS/S', 0, ({ callsPerSec }) => callsPerSec),
    time('MEAN', 4, ({ meanUs }) => meanUs),
    time('P50', 3, ({ p50Us }) => p50Us),
    time('P99', 0, ({ p99Us }) => p99Us),
    time('P99.9', 2, ({ p999Us }) => p999Us),
    { title: 'CALLS',   width: 7,  rank: 1, text: ({ calls }) => countCell(calls), order: ({ calls }) => calls },
    { title: 'ERRORS',  width: 7,  rank: 5, text: ({ errors }) => countCell(errors), order: ({ errors }) => errors, style: worrying(({ errors }) => errors) },
  ],
  rows: ({ told: { state } }) => state?.commands ?? null,
  empty: () => 'No command was run yet.',
});

const lostBytes = (row: ConsoleSlabClass): number =>
  Math.max(0, row.chunksUsed * row.chunkBytes - row.itemBytes);
const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

// biome-ignore format: a table reads in columns
const SLABS = viewMake<ConsoleSlabClass>({
  name: 'slabs', title: 'Slabs', doc: 'memory by slab class, and by type', sort: 'ITEM-MEM',
  columns: [
    { title: 'CLASS',    width: 6, rank: 0, text: ({ id }) => `${id}`, order: ({ id }) => -id, style: () => 'bold' },
    { title: 'CHUNK',    width: 7, rank: 0, text: ({ chunkBytes }) => bytesCell(chunkBytes), order: ({ chunkBytes }) => chunkBytes },
    { title: 'PAGES',    width: 7, rank: 0, text: ({ pages }) => `${pages}`, order: ({ pages }) => pages },
    { title: 'USED',     width: 7, rank: 0, text: (row) => shareCell(share(row.chunksUsed, row.chunks)), order: (row) => share(row.chunksUsed, row.chunks) },
    { title: 'ITEMS',    width: 7, rank: 1, text: ({ items }) => countCell(items), order: ({ items }) => items },
    { title: 'ITEM-MEM', width: 9, rank: 0, text: ({ itemBytes }) => bytesCell(itemBytes), order: ({ itemBytes }) => itemBytes },
    { title: 'LOST',     width: 7, rank: 2, text: (row) => shareCell(share(lostBytes(row), row.chunksUsed * row.chunkBytes)), order: lostBytes },
    rate('HITS/S', 3, ({ hitsPerSec }) => hitsPerSec),
    rate('SETS/S', 4, ({ setsPerSec }) => setsPerSec),
    { title: 'EVICT/S',  width: 8, rank: 0, text: (row) => countCell(row.evictionsPerSec), order: (row) => row.evictionsPerSec, style: worrying((row) => row.evictionsPerSec) },
  ],
  rows: ({ told: { state } }) => state?.classes ?? null,
  above: ({ told: { state } }) => (state === null ? [] : [typesLine(state), databasesLine(state)]),
  empty: () => 'No slab class has a page yet.',
});

function typesLine({ types, server }: ConsoleState): Line {
  const spans: Span[] = [['types'.padEnd(STRIP_LABEL), 'label']];
  for (const { name, items, bytes } of types.toSorted((a, b) => b.bytes - a.bytes)) {
    if (items > 0)
      spans.push([`${name} `, 'dim'], [`${bytesCell(bytes)} in ${countCell(items)}   `, 'plain']);
  }
  return [...spans, ['free ', 'dim'], [bytesCell(server.pagesFree * server.pageBytes), 'plain']];
}

function databasesLine({ databases }: ConsoleState): Line {
  const spans: Span[] = [['databases'.padEnd(STRIP_LABEL), 'label']];
  for (const { name, keys, expiring } of databases) {
    if (keys === 0) continue;
    spans.push(
      [`${name} `, 'dim'],
      [`${countCell(keys)} keys, ${countCell(expiring)} expire   `, 'plain'],
    );
  }
  return spans;
}

// biome-ignore format: a table reads in columns
const PARTITIONS = viewMake<ConsolePartition>({
  name: 'partitions', title: 'Partitions', doc: 'load, and threads that meet at locks', sort: 'OPS/S',
  columns: [
    { title: 'PARTITION', width: 10, rank: 0, text: ({ id }) => `${id}`, order: ({ id }) => -id, style: () => 'bold' },
    { title: 'ITEMS',     width: 8,  rank: 1, text: ({ items }) => countCell(items), order: ({ items }) => items },
    { title: 'PAGES',     width: 9,  rank: 2, text: (row) => `${row.pages}/${row.pageLimit}`, order: ({ pages }) => pages },
    rate('OPS/S', 0, ({ operationsPerSec }) => operationsPerSec),
    rate('MEET/S', 0, ({ lockMeetingsPerSec }) => lockMeetingsPerSec),
    rate('SLEEP/S', 0, ({ lockSleepsPerSec }) => lockSleepsPerSec),
    { title: 'EVICT/S',   width: 8,  rank: 0, text: (row) => countCell(row.evictionsPerSec), order: (row) => row.evictionsPerSec, style: worrying((row) => row.evictionsPerSec) },
  ],
  rows: ({ told: { state } }) => state?.partitions ?? null,
  above: ({ told: { state } }, glyphs, width) =>
    state === null ? [] : [
      strip('load', state.partitions.map((row) => row.operationsPerSec), glyphs, width),
      strip('meetings', state.partitions.map((row) => row.lockMeetingsPerSec), glyphs, width),
    ],
  empty: () => 'There are none.',
});

/** Cells from the first partition to the last, and what the highest of them stands for. */
function strip(label: string, values: readonly number[], glyphs: Glyphs, width: number): Line {
  const max = ` max ${countCell(Math.max(0, ...values))}/s`;
  const room = Math.max(8, width - STRIP_LABEL - max.length);
  const merged = valuesMerge(values, room);
  return [
    [label.padEnd(STRIP_LABEL), 'label'],
    ...heatStrip(
      glyphs,
      merged,
      Math.max(1, Math.min(CELL_WIDTH_MAX, Math.floor(room / merged.length))),
    ),
    [max, 'dim'],
  ];
}

// biome-ignore format: a table reads in columns
const CLIENTS = viewMake<ConsoleConnection>({
  name: 'clients', title: 'Clients', doc: 'connections: who, what, and how idle', sort: 'IDLE',
  columns: [
    { title: 'ADDRESS', width: 0,  rank: 0, text: ({ address }) => address, order: ({ address }) => address, style: protocolStyle },
    { title: 'ID',      width: 6,  rank: 5, text: ({ connection }) => `${connection}`, order: ({ connection }) => -connection },
    { title: 'THREAD',  width: 7,  rank: 4, isLeft: true, text: ({ thread }) => thread, order: ({ thread }) => thread },
    { title: 'NAME',    width: 12, rank: 1, isLeft: true, text: ({ name }) => name ?? '-', order: ({ name }) => name ?? '' },
    { title: 'USER',    width: 10, rank: 6, isLeft: true, text: ({ user }) => user ?? '-', order: ({ user }) => user ?? '' },
    { title: 'DB',      width: 3,  rank: 7, text: ({ database }) => `${database ?? '-'}`, order: ({ database }) => database ?? -1 },
    { title: 'LAST',    width: 11, rank: 0, isLeft: true, text: ({ lastCommand }) => lastCommand ?? '-', order: ({ lastCommand }) => lastCommand ?? '' },
    { title: 'PHASE',   width: 10, rank: 0, isLeft: true, text: ({ phase }) => phase, order: ({ phase }) => phase },
    { title: 'BUFFERS', width: 8,  rank: 3, text: ({ bufferBytes }) => bytesCell(bufferBytes), order: ({ bufferBytes }) => bufferBytes ?? -1 },
    { title: 'AGE',     width: 7,  rank: 2, text: ({ ageSec }) => ageCell(ageSec), order: ({ ageSec }) => ageSec ?? -1 },
    { title: 'IDLE',    width: 7,  rank: 0, text: ({ idleSec }) => ageCell(idleSec), order: ({ idleSec }) => -idleSec },
  ],
  rows: ({ told: { connections } }) => connections?.connections ?? null,
  above: ({ told: { connections } }) =>
    connections?.isCut ? [[[`The ${connections.connections.length} that were used last, of ${connections.total}.`, 'warn']]] : [],
  empty: () => 'Nobody is connected.',
});

// biome-ignore format: a table reads in columns
const SLOW_LOG = viewMake<ConsoleSlowEntry>({
  name: 'slowlog', title: 'Slow log', doc: 'commands of RESP that took long', sort: 'AT',
  columns: [
    { title: 'COMMAND', width: 0,  rank: 0, text: ({ words }) => words.join(' '), order: ({ words }) => words.join(' ') },
    { title: 'NAME',    width: 12, rank: 2, isLeft: true, text: ({ name }) => name || '-', order: ({ name }) => name },
    { title: 'CLIENT',  width: 21, rank: 1, isLeft: true, text: ({ address }) => address, order: ({ address }) => address, style: () => 'dim' },
    { title: 'TOOK',    width: 8,  rank: 0, text: ({ us }, glyphs) => usCell(glyphs, us), order: ({ us }) => us, style: () => 'warn' },
    { title: 'AT',      width: 8,  rank: 0, text: ({ atMs }) => clockCell(atMs), order: ({ id }) => id },
  ],
  rows: ({ told: { slowLog } }) => slowLog?.entries ?? null,
  empty: ({ told: { slowLog } }) =>
    slowLog !== null && slowLog.thresholdUs < 0
      ? 'Nothing is logged: slowlog-log-slower-than is negative.'
      : `No command took longer than ${((slowLog?.thresholdUs ?? 0) / 1000).toFixed(1)} ms.`,
});

// biome-ignore format: a table reads in columns
const HOT_KEYS = viewMake<ConsoleHotKey>({
  name: 'hotkeys', title: 'Hot keys', doc: 'the keys that are used most', sort: 'SHARE',
  columns: [
    { title: 'KEY',   width: 0, rank: 0, text: ({ key }) => key, order: ({ key }) => key },
    { title: 'DB',    width: 3, rank: 1, text: ({ database }) => `${database}`, order: ({ database }) => -database },
    { title: 'COUNT', width: 8, rank: 0, text: ({ count }) => countCell(count), order: ({ count }) => count },
    { title: '+/-',   width: 7, rank: 0, text: ({ countError }) => countCell(countError), order: ({ countError }) => countError, style: () => 'dim' },
    { title: 'SHARE', width: 7, rank: 0, text: (row) => shareCell(row.share), order: (row) => row.share, style: (row) => heatOf(row.share * 4) },
  ],
  rows: ({ told: { hotKeys } }) => hotKeys?.keys ?? null,
  above: ({ told: { hotKeys } }) => (hotKeys === null ? [] : [samplingLine(hotKeys)]),
  empty: ({ told: { hotKeys } }) => hotKeys?.isRunning ? 'No key was seen yet.' : 'Nothing was sampled yet: s does, for five seconds.',
});

function samplingLine({
  isRunning,
  samples,
  operations,
  seconds,
}: NonNullable<TopModel['told']['hotKeys']>): Line {
  const what = isRunning ? 'sampling' : 'sampled';
  return [
    [what.padEnd(STRIP_LABEL), isRunning ? 'good' : 'label'],
    [`${countCell(samples)} of ${countCell(operations)} operations in ${seconds} s`, 'plain'],
  ];
}

export const VIEWS: readonly View[] = [COMMANDS, SLABS, PARTITIONS, CLIENTS, SLOW_LOG, HOT_KEYS];

export function viewOf(name: ViewName): View {
  const at = VIEWS.findIndex((view) => view.name === name);
  return VIEWS[at];
}
