/** Sections of INFO about commands: how often they were run, how long that took, and what failed. */
import { percentileText } from '../../../config/compound-types.ts';
import { COMMAND_STAT, commandStatSum } from '../../../memory/command-stats.ts';
import { commandTimes, errorCounts } from '../../../memory/resp-stats.ts';
import { timePercentile } from '../../../memory/time-steps.ts';
import type { RespCall } from '../call.ts';
import type { InfoRow } from './info-row.ts';

export function commandStatsSection({ table, keyspace }: RespCall): readonly InfoRow[] {
  const rows: InfoRow[] = [];
  for (const { fullName, number } of table.byNumber) {
    const sum = (stat: number): number => commandStatSum(keyspace.commandStats, number, stat);
    const calls = sum(COMMAND_STAT.calls);
    const rejected = sum(COMMAND_STAT.rejected);
    const failed = sum(COMMAND_STAT.failed);
    if (calls + rejected + failed === 0) continue;
    const us = sum(COMMAND_STAT.us);
    const each = (calls === 0 ? 0 : us / calls).toFixed(2);
    const counts = `calls=${calls},usec=${Math.floor(us)},usec_per_call=${each}`;
    rows.push([
      `cmdstat_${fullName}`,
      `${counts},rejected_calls=${rejected},failed_calls=${failed}`,
    ]);
  }
  return rows;
}

export function errorStatsSection({ respStats }: RespCall): readonly InfoRow[] {
  return errorCounts(respStats).map(
    ([code, count]): InfoRow => [`errorstat_${codeShown(code)}`, `count=${count}`],
  );
}

/** What would end the line, or the name, is replaced. */
function codeShown(code: string): string {
  return code.replace(/[#:\n\r]/g, '_');
}

export function latencyStatsSection({ table, respStats, config }: RespCall): readonly InfoRow[] {
  const { latencyTracking, latencyTrackingInfoPercentiles } = config.settings;
  if (!latencyTracking) return [];
  const rows: InfoRow[] = [];
  for (const { fullName, number } of table.byNumber) {
    const times = commandTimes(respStats, number);
    if (times === null) continue;
    const shown = latencyTrackingInfoPercentiles.map(
      (percent) => `p${percentileText(percent)}=${timePercentile(times, percent).toFixed(3)}`,
    );
    rows.push([`latency_percentiles_usec_${fullName}`, shown.join(',')]);
  }
  return rows;
}
