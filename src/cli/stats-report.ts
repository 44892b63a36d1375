/** `flagstone stats`: the numbers of a running server, plainly. */
import { bytesText, countText, durationText, shareText } from './figures.ts';
import type { MetricsSpan } from './metrics.ts';

const COMMANDS_SHOWN = 8;
const NAME_COLUMN = 14;

type Row = readonly [name: string, text: string];

/** The report, ending in a newline. */
export function statsReport(span: MetricsSpan): string {
  const sections: readonly (readonly [string, readonly Row[]])[] = [
    ['server', serverRows(span)],
    ['memory', memoryRows(span)],
    ['requests', requestRows(span)],
    ['commands', commandRows(span)],
    ['clients', clientRows(span)],
    ['threads', threadRows(span)],
  ];
  return sections
    .map(([title, rows]) => {
      const lines = rows.map(([name, text]) => `  ${name.padEnd(NAME_COLUMN)} ${text}\n`);
      return `${title}\n${lines.join('')}`;
    })
    .join('\n');
}

function serverRows({ now }: MetricsSpan): Row[] {
  const [build] = now.all('flagstone_build_info');
  return [
    ['version', `${build?.labels['version'] ?? '?'} on Node ${build?.labels['node'] ?? '?'}`],
    ['up', durationText(now.sum('memcached_uptime_seconds'))],
    ['process', bytesText(now.sum('redis_memory_used_rss_bytes'))],
  ];
}

function memoryRows({ now }: MetricsSpan): Row[] {
  const used = now.sum('redis_memory_used_bytes');
  const limit = now.sum('redis_memory_max_bytes');
  const types = now.by('flagstone_type_bytes', 'type').filter(([, bytes]) => bytes > 0);
  return [
    ['used', `${bytesText(used)} of ${bytesText(limit)} (${shareText(used, limit)})`],
    [
      'keys',
      `${countText(now.sum('redis_db_keys'))}, ${countText(now.sum('redis_db_keys_expiring'))} of them with an expiry time`,
    ],
    ['evicted', countText(now.sum('redis_evicted_keys_total'))],
    ['expired', countText(now.sum('redis_expired_keys_total'))],
    ...types.map(
      ([type, bytes]): Row => [
        type,
        `${bytesText(bytes)} in ${countText(now.sum('flagstone_type_items', { type }))}`,
      ],
    ),
  ];
}

function requestRows(span: MetricsSpan): Row[] {
  const { now } = span;
  const protocols = now.by('flagstone_commands_total', 'protocol').map(([protocol, count]): Row => {
    const rate = span.rate('flagstone_commands_total', { protocol });
    return [protocol, `${countText(count)}, now ${countText(rate)}/s`];
  });
  const lookups = ['memcached', 'resp'].map((protocol): Row => {
    const hits = now.sum('flagstone_lookups_total', { protocol, status: 'hit' });
    const misses = now.sum('flagstone_lookups_total', { protocol, status: 'miss' });
    const rate = shareText(hits, hits + misses);
    return [`${protocol} hits`, `${rate} (${countText(hits)}, missed ${countText(misses)})`];
  });
  return [...protocols, ...lookups, ['errors', countText(now.sum('redis_errors_total'))]];
}

/** The commands that were run most, with the mean time of those that are timed. */
function commandRows({ now }: MetricsSpan): Row[] {
  const counts = now
    .all('flagstone_commands_total')
    .toSorted((a, b) => b.value - a.value)
    .slice(0, COMMANDS_SHOWN);
  return counts.map(({ labels, value }): Row => {
    const { protocol = '', command = '' } = labels;
    const seconds = now.sum('flagstone_command_duration_seconds_sum', { protocol, command });
    const runs = now.sum('flagstone_command_duration_seconds_count', { protocol, command });
    const mean = runs > 0 ? `, ${((seconds / runs) * 1e6).toFixed(1)} µs each` : '';
    return [command, `${countText(value)} (${protocol}${mean})`];
  });
}

function clientRows(span: MetricsSpan): Row[] {
  const { now } = span;
  const open = now.sum('memcached_current_connections');
  return [
    ['open', `${countText(open)} of ${countText(now.sum('memcached_max_connections'))}`],
    ['refused', countText(now.sum('memcached_connections_rejected_total'))],
    ['logins refused', countText(now.sum('flagstone_auth_failures_total'))],
    [
      'read',
      `${bytesText(now.sum('memcached_read_bytes_total'))}, now ${bytesText(span.rate('memcached_read_bytes_total'))}/s`,
    ],
    [
      'written',
      `${bytesText(now.sum('memcached_written_bytes_total'))}, now ${bytesText(span.rate('memcached_written_bytes_total'))}/s`,
    ],
  ];
}

function threadRows(span: MetricsSpan): Row[] {
  const { now } = span;
  return now.all('flagstone_thread_loop_utilization').map(({ labels, value }): Row => {
    const { thread = '' } = labels;
    const rate = countText(span.rate('flagstone_thread_commands_total', { thread }));
    return [`data ${thread}`, `busy ${shareText(value, 1)}, ${rate} requests/s`];
  });
}
