/** INFO: what there is to know of the server, in sections of lines `name:value`. */
import { argumentText } from '../../../protocol/resp/arguments.ts';
import { respVerbatim } from '../../../protocol/resp/reply.ts';
import type { RespCall } from '../call.ts';
import { FLAG, type RespRow } from '../row.ts';
import { clientsSection } from './info-clients.ts';
import { commandStatsSection, errorStatsSection, latencyStatsSection } from './info-commands.ts';
import { memorySection } from './info-memory.ts';
import type { InfoRow } from './info-row.ts';
import {
  clusterSection,
  cpuSection,
  keyspaceSection,
  persistenceSection,
  replicationSection,
  serverSection,
} from './info-server.ts';
import { debugSection, statsSection } from './info-stats.ts';

const { LOADING, STALE } = FLAG;

// biome-ignore format: a table reads in columns
export const INFO_ROWS: readonly RespRow[] = [
  { name: 'info', arity: -1, flags: LOADING | STALE, group: 'server', categories: ['dangerous'], since: '1.0.0', complexity: 'O(1)', syntax: '[section [section ...]]', doc: 'Tells of the server, its clients and its keys.', run: info },
];

type Section = {
  readonly title: string;
  /** Without being asked for: in `default` (and `all`), in `all` alone, or never. */
  readonly shown: 'default' | 'all' | 'asked';
  readonly rows: (call: RespCall) => readonly InfoRow[];
};

const SECTIONS: readonly Section[] = [
  { title: 'Server', shown: 'default', rows: serverSection },
  { title: 'Clients', shown: 'default', rows: clientsSection },
  { title: 'Memory', shown: 'default', rows: memorySection },
  { title: 'Persistence', shown: 'default', rows: persistenceSection },
  { title: 'Stats', shown: 'default', rows: statsSection },
  { title: 'Replication', shown: 'default', rows: replicationSection },
  { title: 'CPU', shown: 'default', rows: cpuSection },
  { title: 'Modules', shown: 'default', rows: () => [] },
  { title: 'Commandstats', shown: 'all', rows: commandStatsSection },
  { title: 'Errorstats', shown: 'default', rows: errorStatsSection },
  { title: 'Latencystats', shown: 'all', rows: latencyStatsSection },
  { title: 'Cluster', shown: 'default', rows: clusterSection },
  { title: 'Keyspace', shown: 'default', rows: keyspaceSection },
  { title: 'Debug', shown: 'asked', rows: debugSection },
];

function info(call: RespCall): void {
  const { args } = call;
  const asked = new Set<string>();
  for (let at = 1; at < args.count; at++) asked.add(argumentText(args, at).toLowerCase());
  const isAll = asked.has('all') || asked.has('everything');
  const isDefault = isAll || asked.has('default') || asked.size === 0;
  const texts = SECTIONS.filter(({ title, shown }) => {
    if (asked.has(title.toLowerCase())) return true;
    return shown === 'default' ? isDefault : shown === 'all' && isAll;
  }).map(({ title, rows }) => sectionText(title, rows(call)));
  respVerbatim(call.reply, 'txt', texts.join('\r\n'));
}

function sectionText(title: string, rows: readonly InfoRow[]): string {
  return `# ${title}\r\n${rows.map(([name, value]) => `${name}:${value}\r\n`).join('')}`;
}
