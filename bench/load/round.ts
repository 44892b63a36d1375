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
  /** Cores used: by the server, by the load generator, by anything else, the host included. */
  readonly serverCores: number;
  readonly clientCores: number;
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
  const serverUs = after.serverUs - before.serverUs;
  const clientUs = after.clientUs - before.clientUs;
  const otherUs = Math.max(0, after.machineUs - before.machineUs - serverUs - clientUs);
  return {
    ...result,
    serverName: server.name,
    cpuUsPerOp: serverUs / Math.max(1, result.operationCount),
    serverCores: serverUs / wallUs,
    clientCores: clientUs / wallUs,
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
