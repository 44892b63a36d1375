/**
 * One measured round: a load on one server, and what the server, the client and everything else on the
 * machine spent meanwhile.
 */

import {
  childrenCpuUsRead,
  machineCpuRead,
  processCpuUsRead,
  processRssBytesRead,
} from '../support/process-usage.ts';
import type { RunningServer } from '../support/server.ts';
import type { LoadGenerator, LoadProfile, LoadResult } from './profile.ts';

export interface Round extends LoadResult {
  readonly serverName: string;
  readonly pipelineDepth: number;
  /** utime + stime of the whole server per operation. */
  readonly cpuUsPerOp: number | null;
  /** Cores used: by the server, by the load generator, by anything else; and taken by the host. */
  readonly serverCores: number | null;
  readonly clientCores: number | null;
  readonly otherCores: number | null;
  readonly stealCores: number | null;
  readonly rssBytes: number;
  /** Others used so much of the machine that the round is worth less. */
  readonly disturbed: boolean;
}

const OTHER_CORES_MAX = 0.15;
const STEAL_CORES_MAX = 0.05;

export async function roundRun(
  generator: LoadGenerator,
  server: RunningServer,
  profile: LoadProfile,
): Promise<Round> {
  const before = usageRead(server);
  const result = await generator.run(profile);
  const after = usageRead(server);
  const wallUs = (after.wallMs - before.wallMs) * 1000;
  const spent = (now: number | null, then: number | null): number | null =>
    now === null || then === null ? null : now - then;
  const cores = (us: number | null): number | null => (us === null ? null : us / wallUs);
  const serverUs = spent(after.serverUs, before.serverUs);
  const clientUs = spent(after.clientUs, before.clientUs);
  const busyUs = spent(after.busyUs, before.busyUs);
  const otherUs = busyUs === null ? null : Math.max(0, busyUs - (serverUs ?? 0) - (clientUs ?? 0));
  const otherCores = cores(otherUs);
  const stealCores = cores(spent(after.stealUs, before.stealUs));
  return {
    ...result,
    serverName: server.name,
    pipelineDepth: profile.pipelineDepth,
    cpuUsPerOp: serverUs === null ? null : serverUs / Math.max(1, result.operationCount),
    serverCores: cores(serverUs),
    clientCores: cores(clientUs),
    otherCores,
    stealCores,
    rssBytes: processRssBytesRead(server.pid),
    disturbed: (otherCores ?? 0) > OTHER_CORES_MAX || (stealCores ?? 0) > STEAL_CORES_MAX,
  };
}

function usageRead(server: RunningServer): {
  readonly wallMs: number;
  readonly serverUs: number | null;
  readonly clientUs: number | null;
  readonly busyUs: number | null;
  readonly stealUs: number | null;
} {
  const own = process.cpuUsage();
  const childrenUs = childrenCpuUsRead();
  const machine = machineCpuRead();
  return {
    wallMs: performance.now(),
    serverUs: processCpuUsRead(server.pid),
    clientUs: childrenUs === null ? null : own.user + own.system + childrenUs,
    busyUs: machine?.busyUs ?? null,
    stealUs: machine?.stealUs ?? null,
  };
}
