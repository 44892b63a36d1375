/** Directives about files with the data: snapshots and the append-only file. */
import { savePoints } from './compound-types.ts';
import { DIRECTIVE, type DirectiveRow, NO_DISK } from './directive.ts';
import { choice, INT_MAX, INT_MIN, integer, LONG_MAX, memory, text, yesNo } from './value-type.ts';

const { FIXED, PROTECTED, HIDDEN, IDLE } = DIRECTIVE;

function nameCheck(directive: string, kind: 'filename' | 'dirname') {
  return (name: string): string | null => {
    if (name === '') return `${directive} can't be empty`;
    return name.includes('/') ? `${directive} can't be a path, just a ${kind}` : null;
  };
}

// biome-ignore format: a table reads in columns
export const PERSISTENCE_ROWS = [
  { name: 'save',                          type: savePoints(),             default: '3600 1 300 100 60 10000', flags: IDLE, does: NO_DISK },
  { name: 'dbfilename',                    type: text(nameCheck('dbfilename', 'filename')), default: 'dump.rdb', flags: PROTECTED | IDLE, does: NO_DISK },
  { name: 'rdbcompression',                type: yesNo(),                  default: 'yes',      flags: IDLE, does: NO_DISK },
  { name: 'rdbchecksum',                   type: yesNo(),                  default: 'yes',      flags: FIXED | IDLE, does: NO_DISK },
  { name: 'rdb-del-sync-files',            type: yesNo(),                  default: 'no',       flags: IDLE, does: NO_DISK },
  { name: 'rdb-save-incremental-fsync',    type: yesNo(),                  default: 'yes',      flags: IDLE, does: NO_DISK },
  { name: 'rdb-key-save-delay',            type: integer(INT_MIN, INT_MAX), default: '0',       flags: IDLE | HIDDEN, does: NO_DISK },
  { name: 'key-load-delay',                type: integer(INT_MIN, INT_MAX), default: '0',       flags: IDLE | HIDDEN, does: NO_DISK },
  { name: 'loading-process-events-interval-bytes', type: integer(1024n, INT_MAX), default: '2097152', flags: IDLE | HIDDEN, does: NO_DISK },
  { name: 'stop-writes-on-bgsave-error',   type: yesNo(),                  default: 'yes',      flags: IDLE, does: NO_DISK },
  { name: 'sanitize-dump-payload',         type: choice(['no', 'yes', 'clients']), default: 'no', flags: IDLE, does: 'what RESTORE is given is always checked' },
  { name: 'appendonly',                    type: yesNo(),                  default: 'no',       flags: IDLE, apply: 'persistence', does: NO_DISK },
  { name: 'appendfilename',                type: text(nameCheck('appendfilename', 'filename')), default: 'appendonly.aof', flags: FIXED | IDLE, does: NO_DISK },
  { name: 'appenddirname',                 type: text(nameCheck('appenddirname', 'dirname')), default: 'appendonlydir', flags: FIXED | IDLE, does: NO_DISK },
  { name: 'appendfsync',                   type: choice(['everysec', 'always', 'no']), default: 'everysec', flags: IDLE, does: NO_DISK },
  { name: 'no-appendfsync-on-rewrite',     type: yesNo(),                  default: 'no',       flags: IDLE, does: NO_DISK },
  { name: 'auto-aof-rewrite-percentage',   type: integer(0n, INT_MAX),     default: '100',      flags: IDLE, does: NO_DISK },
  { name: 'auto-aof-rewrite-min-size',     type: memory(0n, LONG_MAX),     default: '67108864', flags: IDLE, does: NO_DISK },
  { name: 'aof-load-truncated',            type: yesNo(),                  default: 'yes',      flags: IDLE, does: NO_DISK },
  { name: 'aof-use-rdb-preamble',          type: yesNo(),                  default: 'yes',      flags: IDLE, does: NO_DISK },
  { name: 'aof-timestamp-enabled',         type: yesNo(),                  default: 'no',       flags: IDLE, does: NO_DISK },
  { name: 'aof-rewrite-incremental-fsync', type: yesNo(),                  default: 'yes',      flags: IDLE, does: NO_DISK },
  { name: 'aof-disable-auto-gc',           type: yesNo(),                  default: 'no',       flags: IDLE | HIDDEN, does: NO_DISK },
] as const satisfies readonly DirectiveRow[];
