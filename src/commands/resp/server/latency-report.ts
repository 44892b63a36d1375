/** What LATENCY GRAPH and LATENCY DOCTOR say, for people to read. */
import type { Settings } from '../../../config/directive-table.ts';
import type { LatencyLog, LatencySeries } from './latency-log.ts';

const GRAPH_COLUMNS = 80;
const GRAPH_ROWS = 4;
/** From empty to full, for the uppermost cell of a column. */
const FILLS = ['_', 'o', '#'] as const;

/** Times as columns, the oldest on the left, each with how long ago it was below it. */
export function latencyGraph(event: string, series: LatencySeries, nowSec: number): string {
  const samples = series.samples.slice(-GRAPH_COLUMNS);
  const times = samples.map(({ ms }) => ms);
  const high = Math.max(...times);
  const low = Math.min(...times);
  const title = `${event} - high ${high} ms, low ${low} ms (all time high ${series.msMax} ms)`;
  const lines = [title, '-'.repeat(GRAPH_COLUMNS)];
  const heights = times.map((ms) => (high === low ? 1 : (ms - low) / (high - low)) * GRAPH_ROWS);
  for (let row = GRAPH_ROWS - 1; row >= 0; row--) {
    lines.push(heights.map((height) => cell(height - row, row === 0)).join(''));
  }
  const ages = samples.map(({ atSec }) => ageText(nowSec - atSec));
  const depth = Math.max(...ages.map(({ length }) => length));
  lines.push('');
  for (let at = 0; at < depth; at++) lines.push(ages.map((age) => age[at] ?? ' ').join(''));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** How a column looks at a row that it reaches so far into. */
function cell(filled: number, isLowest: boolean): string {
  if (filled >= 1) return '#';
  if (filled <= 0) return isLowest ? FILLS[0] : ' ';
  return FILLS[Math.floor(filled * FILLS.length)];
}

function ageText(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`;
}

/** What took long, and what can be done about it. */
export function latencyReport(log: LatencyLog, settings: Settings): string {
  const { events } = log;
  const { latencyMonitorThreshold } = settings;
  if (events.length === 0) {
    return latencyMonitorThreshold === 0
      ? 'The latency monitor is off: CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n'
      : `Nothing has taken ${latencyMonitorThreshold} ms or more.\n`;
  }
  const lines = ['What took long:', ''];
  for (const [at, event] of events.entries()) {
    const series = log.get(event);
    if (series !== null) lines.push(`${at + 1}. ${event}: ${seriesText(series)}`);
  }
  const advice = events.flatMap((event) => ADVICE[event]?.(settings) ?? []);
  if (advice.length > 0) lines.push('', 'What may help:', '');
  for (const line of advice) lines.push(`- ${line}`);
  return `${lines.join('\n')}\n`;
}

function seriesText({ samples, msMax }: LatencySeries): string {
  const mean = samples.reduce((sum, { ms }) => sum + ms, 0) / samples.length;
  const deviation = samples.reduce((sum, { ms }) => sum + Math.abs(ms - mean), 0) / samples.length;
  const times = samples.length === 1 ? 'once' : `${samples.length} times`;
  const about = `on average ${Math.round(mean)} ms, give or take ${Math.round(deviation)} ms`;
  return `${times}, ${about}, at worst ${msMax} ms.`;
}

const ADVICE: Readonly<Record<string, (settings: Settings) => readonly string[]>> = {
  command: ({ slowlogLogSlowerThan, slowlogMaxLen, latencyMonitorThreshold }) => {
    const us = latencyMonitorThreshold * 1000;
    const isOff = slowlogLogSlowerThan < 0 || slowlogMaxLen === 0 || slowlogLogSlowerThan > us;
    const tune = `Have the slow log note these commands: CONFIG SET slowlog-log-slower-than ${us}`;
    return [
      ...(isOff ? [tune] : []),
      'SLOWLOG GET tells which commands they were. Those that visit whole collections or all keys take longer the more there is.',
    ];
  },
  'fast-command': () => [
    'Commands that do little were held up. See whether the machine has more to do than it has cores, and whether it swaps.',
  ],
};
