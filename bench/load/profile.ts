/** What a load generator is told, and what it tells. */

export interface LoadProfile {
  readonly port: number;
  readonly connectionCount: number;
  /** Requests that a connection may have under way. */
  readonly pipelineDepth: number;
  readonly setWeight: number;
  readonly getWeight: number;
  readonly keyCount: number;
  readonly valueBytes: number;
  readonly seed: number;
  readonly durationMs: number;
  /** Offered load of all connections together; 0: as fast as it goes. */
  readonly ratePerSec: number;
}

export interface LoadResult {
  readonly operationCount: number;
  readonly opsPerSec: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Gets that found nothing. */
  readonly missCount: number;
  /** Wrong bytes, error lines, lost connections. */
  readonly errorCount: number;
}

/** Something that can put a server under load. */
export interface LoadGenerator {
  readonly title: string;
  /** Name of a key that it asks for: 0 ≤ keyId < keyCount. */
  keyName(keyId: number): string;
  /** Runs the profile. Its CPU time is this process's own or that of an ended child. */
  run(profile: LoadProfile): Promise<LoadResult>;
  close(): Promise<void>;
}
