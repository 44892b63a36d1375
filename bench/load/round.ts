/**
 * One measured round: a load on one server, and what the server, the client and everything else on the
 * machine spent meanwhile.
 */

import { childrenCpuUsRead, machineCpuUsRead, processCpuUsRead } from '../support/process-usage.ts';
import type { RunningServer } from '../support/server.ts';
import type { LoadGenerator, LoadProfile, LoadResult } from './profile.ts';

export interface Round extends LoadResult {
  readonly serverName: string;
  /** utime + stime of the whole server per operation. */
  readonly cpuUsPerOp: number;
  /** Cores that the server and the load generator used while requests went out. */
  readonly serverCores: number;
  readonly clientCores: number;
  /** Cores that anything else used meanwhile, the machine's host included. */
  readonly otherCores: number;
}

export async function roundRun(
  generator: LoadGenerator,
  server: RunningServer,
  profile: LoadProfile,
): Promise<Round> {
  const before = usageRead(server);
  const result = await generator.run(profile);
  const after = usageRead(server);
  const wallUs = (after.wallMs - before.wallMs) * 1000;
  const loadUs = (result.operationCount / result.opsPerSec) * 1e6; // less: a generator starts and ends
  const serverUs = after.serverUs - before.serverUs;
  const clientUs = after.clientUs - before.clientUs;
  const otherUs = Math.max(0, after.machineUs - before.machineUs - serverUs - clientUs);
  return {
    ...result,
    serverName: server.name,
    cpuUsPerOp: serverUs / Math.max(1, result.operationCount),
    serverCores: serverUs / loadUs,
    clientCores: clientUs / loadUs,
    otherCores: otherUs / wallUs,
  };
}

function usageRead(server: RunningServer): {
  readonly wallMs: number;
  readonly serverUs: number;
  readonly clientUs: number;
  readonly machineUs: number;
} {
  const own = process.cpuUsage();
  return {
    wallMs: performance.now(),
    serverUs: processCpuUsRead(server.pid),
    clientUs: own.user + own.system + childrenCpuUsRead(),
    machineUs: machineCpuUsRead(),
  };
}
