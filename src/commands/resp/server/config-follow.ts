/** What a thread keeps at hand of the settings, brought up to date when they change. */

import type { RespCall } from '../call.ts';
import { encodingsFollow } from '../encodings.ts';
import { GATE } from '../session.ts';
import { limitKeep } from '../tracking/tracking.ts';

/** Microseconds that nothing takes: neither the slow log nor the latency monitor is on. */
const NEVER_US = Number.POSITIVE_INFINITY;

export function configFollow(call: RespCall): void {
  const { hot } = call.config;
  encodingsFollow(hot);
  const slowUs = hot.slowlogLogSlowerThan < 0 ? NEVER_US : hot.slowlogLogSlowerThan;
  const lateUs = hot.latencyMonitorThreshold === 0 ? NEVER_US : hot.latencyMonitorThreshold * 1000;
  call.notableUs = Math.min(slowUs, lateUs);
  call.slowLog.trim(call.config.settings.slowlogMaxLen);
  call.tracking.keyCountMax = Number(call.config.settings.trackingTableMaxKeys);
  limitKeep(call);
  if (hot.minReplicasToWrite > 0) call.gate |= GATE.NO_REPLICAS;
  else call.gate &= ~GATE.NO_REPLICAS;
}
