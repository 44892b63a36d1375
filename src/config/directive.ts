/** A directive of redis.conf, as the tables have it: one row each, the source of all that is known of it. */
import type { ValueType } from './value-type.ts';

/** What a row says besides. */
export const DIRECTIVE = {
  NONE: 0,
  FIXED: 1 << 0, // for the start only: CONFIG SET refuses
  PROTECTED: 1 << 1, // CONFIG SET only as enable-protected-configs allows
  SENSITIVE: 1 << 2, // the slow log and MONITOR do not show it
  HIDDEN: 1 << 3, // CONFIG GET shows it only by its full name
  /** Accepted, since config files have it, and kept; it changes nothing, for the reason that `does` gives. */
  IDLE: 1 << 4,
  /** Set to the value that it has it is applied anew: a file may have changed. */
  VOLATILE: 1 << 6,
  /** Nobody may rely on it: any value but the default is refused at the start. */
  REFUSED: 1 << 5,
} as const;

/**
 * What has to be done once a directive has changed, beyond reading it: done once for all directives of
 * a CONFIG SET that name it. If it fails all of them go back to what they were.
 */
export type Apply =
  | 'clients' // the connection limit
  | 'clientMemory'
  | 'directory'
  | 'keyEvents'
  | 'listeners'
  | 'log'
  | 'memory'
  | 'oomScore'
  | 'persistence'
  | 'policy'
  | 'title'
  | 'users'
  | 'tls';

export interface DirectiveRow {
  readonly name: string;
  /** Another name of it: an older one, or the newer one of a fork. */
  readonly alias?: string;
  readonly type: ValueType<unknown>;
  /** As it would stand in a file. */
  readonly default: string;
  readonly flags: number;
  readonly apply?: Apply;
  /** What it does here, or why it does nothing. */
  readonly does: string;
}

// Why a directive is IDLE.
export const OWN_MEMORY = 'memory is managed in another way here';
export const OWN_RUNTIME = 'it is about a program in C';
export const OWN_THREADS = 'every data thread serves its clients from read to write';
export const NO_DISK = 'nothing is written to disk';
export const NO_REPLICAS = 'there are no replicas';
export const NO_CLUSTER = 'there is no Redis Cluster here';
