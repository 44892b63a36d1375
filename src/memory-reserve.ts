/** Reserving the arena, by the configuration. */
import { errorReason, FAULT, FlagstoneError } from './base/errors.ts';
import type { Logger } from './base/log.ts';
import type { Config } from './cli/config.ts';
import { type ArenaConfig, type ArenaHandles, arenaReserve } from './memory/arena.ts';

/** Room for CONFIG SET maxclients. */
const CONNECTION_COUNT_RESERVED = 65536;

/** Where the system will not have more reserved than is used, and nobody asked for it, -m must do. */
export function memoryReserve(config: Config, log: Logger): ArenaHandles {
  try {
    return arenaReserve(arenaConfig(config, config.memoryBytesMax));
  } catch (error) {
    if (error instanceof FlagstoneError) throw error;
    if (config.memoryBytesMax === 0) {
      log.warn({ err: error }, 'no room to raise the memory limit later could be reserved');
      return memoryReserve({ ...config, memoryBytesMax: config.memoryBytes }, log);
    }
    throw FAULT.memoryUnavailable(`${config.memoryBytes / 2 ** 20} MiB`, errorReason(error));
  }
}

function arenaConfig(config: Config, memoryBytesMax: number): ArenaConfig {
  return {
    memoryBytes: config.memoryBytes,
    memoryBytesMax,
    itemBytesMax: config.itemBytesMax,
    threadCount: config.threadCount,
    connectionCountMax: Math.max(config.connectionCountMax, CONNECTION_COUNT_RESERVED),
    evicts: config.evict,
    growthFactor: config.growthFactor,
    chunkBytesMin: config.chunkBytesMin,
    eventBytes: config.workerLogBytes,
  };
}
