/** What a load is, and whom it is for. It crosses to the load threads as a message. */
import type { KeyDraw } from './key-draw.ts';
import type { ValueSizes } from './value-sizes.ts';

export const PROTOCOLS = ['text', 'meta', 'binary', 'resp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export type LoadAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** PEM each; null: none, or for `ca` those that Node knows. */
export interface LoadTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Whether just any certificate will do. */
  readonly trustsAny: boolean;
}

export interface LoadLogin {
  /** Null: RESP's user `default`. */
  readonly user: string | null;
  readonly password: string;
}

export interface LoadTarget {
  readonly protocol: Protocol;
  readonly address: LoadAddress;
  readonly tls: LoadTls | null;
  readonly login: LoadLogin | null;
}

/** A kind of request, with its share of them. */
export interface LoadKind {
  /** As reports call it: `get`, `set`, or a command's first word. */
  readonly name: string;
  readonly verb: 'set' | 'get' | 'other';
  readonly weight: number;
  /** The words of a command, with __key__ and __value__ to fill in; null: the protocol's own set or get. */
  readonly words: readonly string[] | null;
}

export interface LoadPlan {
  readonly target: LoadTarget;
  readonly kinds: readonly LoadKind[];
  readonly connectionCount: number;
  /** Requests that a connection may have under way. */
  readonly pipelineDepth: number;
  readonly keyCount: number;
  readonly keyPrefix: string;
  readonly keyDraw: KeyDraw;
  readonly valueSizes: ValueSizes;
  /** 0: values stay for good. */
  readonly expireSec: number;
  /** Whether every value is compared with the one that was stored. */
  readonly verifies: boolean;
  readonly seed: number;
  /** Infinity: until `requestCount` is reached. */
  readonly durationMs: number;
  /** Infinity: until `durationMs` is over. */
  readonly requestCount: number;
  /** Offered load of all connections together; 0: as fast as it goes. */
  readonly ratePerSec: number;
  /** How long a server may owe replies and send none. */
  readonly silenceMsMax: number;
}

/** A thread's part of a plan. */
export interface LoadShare extends LoadPlan {
  /** Keys that it walks if they are asked for in sequence: keyFrom ≤ keyId < keyTo. */
  readonly keyFrom: number;
  readonly keyTo: number;
}

/** Gives each of `threadCount` threads its part, with a seed of its own. A thread without a connection has none. */
export function planShares(plan: LoadPlan, threadCount: number): readonly LoadShare[] {
  const used = Math.min(threadCount, plan.connectionCount);
  const part = (total: number, thread: number): number =>
    Number.isFinite(total)
      ? Math.floor((total * (thread + 1)) / used) - Math.floor((total * thread) / used)
      : total;
  const keyEnd = (thread: number): number => Math.floor((plan.keyCount * thread) / used);
  return Array.from({ length: used }, (_, thread) => ({
    ...plan,
    connectionCount: part(plan.connectionCount, thread),
    requestCount: part(plan.requestCount, thread),
    ratePerSec: (plan.ratePerSec * part(plan.connectionCount, thread)) / plan.connectionCount,
    seed: plan.seed + thread,
    // With fewer keys than threads, all walk all.
    keyFrom: plan.keyCount < used ? 0 : keyEnd(thread),
    keyTo: plan.keyCount < used ? plan.keyCount : keyEnd(thread + 1),
  }));
}

/** How an address is said. */
export function addressText(address: LoadAddress): string {
  if ('path' in address) return address.path;
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
